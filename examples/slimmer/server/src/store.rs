use std::collections::HashMap;

use slimmer_grpc::SystemEntity;

/// The most runs that are kept, and activations for each of them.
const MAX_RUNS: usize = 10_000;
const MAX_ACTIVATIONS: usize = 10_000;

/// Systems, their runs, and what was activated in them.
#[derive(Debug, Default)]
pub(crate) struct Store {
    systems: HashMap<String, System>,
    runs: usize,
}

#[derive(Debug, Default)]
struct System {
    runs: HashMap<String, Run>,
}

#[derive(Debug)]
struct Run {
    #[expect(
        dead_code,
        reason = "kept for a report that this example does not have"
    )]
    entities: Vec<SystemEntity>,
    activations: Vec<SystemEntity>,
}

/// Why the store refused something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    UnknownRun,
    Full,
}

impl Store {
    /// Begins a run and returns its id.
    pub(crate) fn begin_run(
        &mut self,
        system_id: String,
        entities: Vec<SystemEntity>,
    ) -> Result<String, Refused> {
        if self.runs == MAX_RUNS {
            return Err(Refused::Full);
        }
        self.runs += 1;
        let run_id = format!("run-{}", self.runs);
        let run = Run {
            entities,
            activations: Vec::new(),
        };
        let system = self.systems.entry(system_id).or_default();
        system.runs.insert(run_id.clone(), run);
        Ok(run_id)
    }

    /// Adds an activation to a run of the system.
    pub(crate) fn activate(
        &mut self,
        system_id: &str,
        run_id: &str,
        entity: SystemEntity,
    ) -> Result<(), Refused> {
        let run = self
            .systems
            .get_mut(system_id)
            .and_then(|system| system.runs.get_mut(run_id))
            .ok_or(Refused::UnknownRun)?;
        if run.activations.len() == MAX_ACTIVATIONS {
            return Err(Refused::Full);
        }
        run.activations.push(entity);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_belongs_to_its_system() {
        let mut store = Store::default();
        let run = store.begin_run("a".into(), vec![]).unwrap();
        let entity = SystemEntity::default();
        assert_eq!(store.activate("a", &run, entity.clone()), Ok(()));
        assert_eq!(
            store.activate("b", &run, entity.clone()),
            Err(Refused::UnknownRun)
        );
        assert_eq!(
            store.activate("a", "run-9", entity),
            Err(Refused::UnknownRun)
        );
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut store = Store::default();
        for _ in 0..MAX_RUNS {
            store.begin_run("a".into(), vec![]).unwrap();
        }
        assert_eq!(store.begin_run("a".into(), vec![]), Err(Refused::Full));
    }
}
