//! Who is compared.

/// The one that all are compared with.
pub(crate) const BARE: &str = "bare";

pub(crate) const OURS: &str = "ours";

pub(crate) const TONIC: &str = "tonic";

/// A server that is compared.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    /// The name in the samples; the program is `server-NAME`.
    pub(crate) name: &'static str,
    /// Whether it knows gRPC-Web in text.
    pub(crate) knows_text: bool,
}

const fn peer(name: &'static str, knows_text: bool) -> Peer {
    Peer { name, knows_text }
}

/// The servers.
pub(crate) const SERVERS: [Peer; 6] = [
    peer(BARE, true),
    peer(TONIC, true),
    peer("connectrpc", false),
    peer("connectrpc-axum", false),
    peer(OURS, true),
    peer("ours-axum", true),
];

/// The peers in their turn: another is the first in each round, so that none always follows the same one.
pub(crate) fn in_turn(mut peers: Vec<Peer>, round: u32) -> Vec<Peer> {
    let first = round as usize % peers.len();
    peers.rotate_left(first);
    peers
}

/// Ours with a view of what is ingested; all else is as in ours.
pub(crate) const VIEWS: Peer = peer("ours-views", true);

/// How a table calls a peer.
pub(crate) fn title(name: &str) -> &str {
    match name {
        "bare" => "bare hyper",
        "bare-connection" => "bare connection",
        "tonic" => "tonic-web",
        "connectrpc-axum" => "connectrpc in axum",
        "ours" => "grpcweb",
        "ours-views" => "grpcweb with views",
        "ours-axum" => "grpcweb in axum",
        other => other,
    }
}
