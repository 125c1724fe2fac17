use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::activity::Running;

/// Bytes of an answer that have not gone out yet. The call counts as long as they are there: its body is done with
/// when the last of them are queued.
pub(super) struct InFlight<D> {
    pub(super) data: D,
    pub(super) _running: Option<Running>,
}

impl<D: Buf> Buf for InFlight<D> {
    fn remaining(&self) -> usize {
        self.data.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.data.chunk()
    }

    fn chunks_vectored<'a>(&'a self, dst: &mut [IoSlice<'a>]) -> usize {
        self.data.chunks_vectored(dst)
    }

    fn advance(&mut self, cnt: usize) {
        self.data.advance(cnt);
    }

    fn copy_to_bytes(&mut self, len: usize) -> Bytes {
        self.data.copy_to_bytes(len)
    }
}
