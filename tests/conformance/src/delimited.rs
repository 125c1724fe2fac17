use std::io;

use prost::Message;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Reads a message that its length precedes, in four bytes, big-endian. `None` at the end of the
/// stream.
///
/// # Errors
///
/// Where the stream breaks off within a message, and where the bytes are no such message.
pub async fn read<M: Message + Default>(mut from: impl AsyncRead + Unpin) -> io::Result<Option<M>> {
    let len = match from.read_u32().await {
        Ok(len) => len,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    from.take(len.into()).read_to_end(&mut bytes).await?;
    if bytes.len() != len as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(M::decode(&bytes[..])?))
}

/// Writes a message as [`read`] reads it.
///
/// # Errors
///
/// Those of `to`.
pub async fn write(mut to: impl AsyncWrite + Unpin, message: &impl Message) -> io::Result<()> {
    let bytes = message.encode_to_vec();
    let len = u32::try_from(bytes.len()).map_err(io::Error::other)?;
    to.write_u32(len).await?;
    to.write_all(&bytes).await?;
    to.flush().await
}
