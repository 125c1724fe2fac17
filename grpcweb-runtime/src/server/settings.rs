use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::concurrency::{Gate, Permit};
use super::options::{Resolved, ServerOptions};
use crate::{ServiceDescriptor, Status};

/// How many calls run at once where nothing is set.
const MAX_CONCURRENT_CALLS: usize = 10_000;

/// The options of a service, worked out for each of its methods.
#[doc(hidden)]
#[derive(Debug, Clone)]
pub struct Settings(Arc<Alone>);

#[derive(Debug)]
struct Alone {
    options: ServerOptions,
    resolved: ServiceSettings,
}

impl Settings {
    /// For a service that stands alone.
    ///
    /// # Panics
    ///
    /// Where options are for a method that the service does not have.
    #[must_use]
    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "a mistake in the program, found when it starts"
    )]
    pub fn new(service: &ServiceDescriptor, options: ServerOptions) -> Self {
        for name in options.methods().keys() {
            if service.method(name).is_none() {
                panic!(
                    "the service {} has no method {name:?} to set options for",
                    service.name
                );
            }
        }
        let outer = match options.concurrency() {
            Some(_) => vec![],
            None => vec![Gate::new(MAX_CONCURRENT_CALLS, "of this service")],
        };
        let resolved = ServiceSettings::new(&options, &ServerOptions::new(), outer);
        Self(Arc::new(Alone { options, resolved }))
    }

    /// With other options: what they do not set stays as it is.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    #[track_caller]
    pub fn with(&self, service: &ServiceDescriptor, options: ServerOptions) -> Self {
        Self::new(service, options.after(&self.0.options))
    }

    pub(super) fn alone(&self) -> &ServiceSettings {
        &self.0.resolved
    }

    /// For a service of a router.
    pub(super) fn in_router(&self, router: &RouterSettings) -> ServiceSettings {
        let gates = vec![Arc::clone(&router.gate)];
        ServiceSettings::new(&self.0.options, &router.options, gates)
    }
}

/// The options of a router, and the count of all its calls.
#[derive(Debug, Clone)]
pub(super) struct RouterSettings {
    options: ServerOptions,
    gate: Arc<Gate>,
}

impl Default for RouterSettings {
    fn default() -> Self {
        Self::new(ServerOptions::new())
    }
}

impl RouterSettings {
    /// With other options: what they do not set stays as it is.
    pub(super) fn with(&self, options: &ServerOptions) -> Self {
        Self::new(options.after(&self.options))
    }

    fn new(options: ServerOptions) -> Self {
        let calls = options.concurrency().unwrap_or(MAX_CONCURRENT_CALLS);
        Self {
            options,
            gate: Gate::new(calls, "of this server"),
        }
    }
}

/// What holds for the calls of a service.
#[derive(Debug)]
pub(super) struct ServiceSettings {
    all: Arc<MethodSettings>,
    /// The methods that something else holds for.
    methods: HashMap<String, Arc<MethodSettings>>,
}

impl ServiceSettings {
    fn new(service: &ServerOptions, router: &ServerOptions, mut gates: Vec<Arc<Gate>>) -> Self {
        gates.extend(
            service
                .concurrency()
                .map(|calls| Gate::new(calls, "of this service")),
        );
        let all = service.or(router);
        let names = service.methods().keys().chain(router.methods().keys());
        let methods = names
            .map(|name| {
                let own = service.methods().get(name).cloned().unwrap_or_default();
                let outer = router.methods().get(name);
                let options = outer.map_or_else(|| own.clone(), |outer| own.or(outer));
                let mut gates = gates.clone();
                gates.extend(
                    options
                        .concurrency()
                        .map(|calls| Gate::new(calls, "of this method")),
                );
                let settings = MethodSettings::new(&options.or(&all), gates);
                (name.clone(), Arc::new(settings))
            })
            .collect();
        Self {
            all: Arc::new(MethodSettings::new(&all, gates)),
            methods,
        }
    }

    pub(super) fn of_method(&self, name: &str) -> &Arc<MethodSettings> {
        self.methods.get(name).unwrap_or(&self.all)
    }
}

/// What holds for the calls of a method.
#[derive(Debug)]
pub(super) struct MethodSettings {
    resolved: Resolved,
    gates: Arc<[Arc<Gate>]>,
}

impl MethodSettings {
    fn new(options: &ServerOptions, gates: Vec<Arc<Gate>>) -> Self {
        Self {
            resolved: options.resolve(),
            gates: gates.into(),
        }
    }

    /// Whether anybody wants to see the calls.
    pub(super) fn is_watched(&self) -> bool {
        !self.interceptors.is_empty() || !self.observers.is_empty()
    }

    /// Room for one more call, everywhere it is counted.
    pub(super) fn permit(&self) -> Result<Permit, Status> {
        Permit::of(&self.gates)
    }
}

impl Deref for MethodSettings {
    type Target = Resolved;

    fn deref(&self) -> &Resolved {
        &self.resolved
    }
}
