//! How many calls run at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Status;

/// Counts calls, up to a limit.
#[derive(Debug)]
pub(super) struct Gate {
    running: AtomicUsize,
    limit: usize,
    whose: &'static str,
}

impl Gate {
    pub(super) fn new(limit: usize, whose: &'static str) -> Arc<Self> {
        Arc::new(Self {
            running: AtomicUsize::new(0),
            limit,
            whose,
        })
    }

    fn enter(&self) -> bool {
        let entered = self.running.fetch_add(1, Ordering::Relaxed) < self.limit;
        if !entered {
            self.leave();
        }
        entered
    }

    fn leave(&self) {
        self.running.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A call's place behind every gate that it had to pass, until it is dropped.
#[derive(Debug)]
pub(super) struct Permit {
    gates: Arc<[Arc<Gate>]>,
    passed: usize,
}

impl Permit {
    pub(super) fn of(gates: &Arc<[Arc<Gate>]>) -> Result<Self, Status> {
        let mut permit = Self {
            gates: Arc::clone(gates),
            passed: 0,
        };
        for gate in gates.iter() {
            if !gate.enter() {
                return Err(Status::resource_exhausted(format!(
                    "the limit {} of {} calls at once is reached: try again later, or raise it with \
                     ServerOptions::max_concurrent_calls",
                    gate.whose, gate.limit
                )));
            }
            permit.passed += 1;
        }
        Ok(permit)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        for gate in self.gates.iter().take(self.passed) {
            gate.leave();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_finds_one_gate_full_leaves_the_others_as_they_were() {
        let (wide, narrow) = (
            Gate::new(2, "of this server"),
            Gate::new(1, "of this method"),
        );
        let both: Arc<[_]> = [Arc::clone(&wide), narrow].into();
        let first = Permit::of(&both).unwrap();
        let refused = Permit::of(&both).unwrap_err();
        assert!(
            refused.message().contains("of this method of 1 calls"),
            "{refused}"
        );
        assert_eq!(wide.running.load(Ordering::Relaxed), 1);
        drop(first);
        assert_eq!(wide.running.load(Ordering::Relaxed), 0);
        assert!(Permit::of(&both).is_ok());
    }
}
