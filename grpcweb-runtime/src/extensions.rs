use std::fmt;
use std::sync::OnceLock;

use http::Extensions;

use crate::ConnectionInfo;

/// The extensions of a request. The connection that it came over is put among them when somebody looks: it takes
/// three allocations, and most handlers never do.
#[derive(Clone, Default)]
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

impl fmt::Debug for RequestExtensions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

fn only(connection: ConnectionInfo) -> Extensions {
    let mut extensions = Extensions::new();
    extensions.insert(connection);
    extensions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_is_among_the_extensions_however_one_looks() {
        let of = |extensions| {
            let connection = ConnectionInfo::new(None);
            RequestExtensions::received(extensions, Some(connection))
        };
        let has_connection = |it: &Extensions| it.get::<ConnectionInfo>().is_some();
        let mut other = Extensions::new();
        other.insert(7_u8);
        for (extensions, len) in [(Extensions::new(), 1), (other, 2)] {
            assert!(has_connection(&of(extensions.clone()).into_inner()));
            assert!(has_connection(of(extensions.clone()).get_mut()));
            let mut received = of(extensions);
            assert!(has_connection(received.get()));
            assert!(has_connection(received.clone().get()));
            received.get_mut().remove::<ConnectionInfo>();
            assert!(!has_connection(received.get()));
            assert_eq!(received.get().len(), len - 1);
            assert!(!has_connection(&received.into_inner()));
        }
    }
}
