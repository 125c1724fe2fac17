use std::sync::OnceLock;

use http::Extensions;

use crate::ConnectionInfo;

/// The extensions of a request. The connection that it came over is put among them when somebody looks: it takes
/// three allocations, and most handlers never do.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestExtensions {
    extensions: Extensions,
    /// Not among them yet; there are no others then.
    connection: Option<ConnectionInfo>,
    looked_at: OnceLock<Extensions>,
}

impl RequestExtensions {
    pub(crate) fn received(extensions: Extensions, connection: Option<ConnectionInfo>) -> Self {
        let mut received = Self {
            connection,
            ..Self::default()
        };
        if !extensions.is_empty() {
            received.get_mut().extend(extensions);
        }
        received
    }

    pub(crate) fn get(&self) -> &Extensions {
        match &self.connection {
            Some(connection) => self.looked_at.get_or_init(|| only(connection.clone())),
            None => &self.extensions,
        }
    }

    pub(crate) fn get_mut(&mut self) -> &mut Extensions {
        if let Some(connection) = self.connection.take() {
            let looked_at = self.looked_at.take();
            self.extensions = looked_at.unwrap_or_else(|| only(connection));
        }
        &mut self.extensions
    }

    pub(crate) fn into_inner(mut self) -> Extensions {
        std::mem::take(self.get_mut())
    }
}

fn only(connection: ConnectionInfo) -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(connection);
    extensions
}
