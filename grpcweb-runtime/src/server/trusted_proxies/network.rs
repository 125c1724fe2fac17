use std::fmt;
use std::net::IpAddr;

/// A network, or one address: `10.0.0.0/8`, `2001:db8::/32`, `127.0.0.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    /// How many leading bits are those of the network.
    bits: u32,
}

impl Network {
    pub(super) fn parse(text: &str) -> Result<Self, InvalidNetwork> {
        let invalid = |problem| InvalidNetwork {
            text: text.to_owned(),
            problem,
        };
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| invalid(Problem::Address))?;
        // What is compared with it has been made IPv4.
        if address.to_canonical() != address {
            return Err(invalid(Problem::Mapped));
        }
        let (_, width) = number(address);
        let bits = match bits {
            Some(bits) => bits.parse().map_err(|_| invalid(Problem::Bits))?,
            None => width,
        };
        if bits > width {
            return Err(invalid(Problem::Bits));
        }
        let network = Self { address, bits };
        if network.host_bits(address) != 0 {
            return Err(invalid(Problem::HostBits));
        }
        Ok(network)
    }

    pub(super) fn contains(self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && number(self.address).0 == number(address).0 - self.host_bits(address)
    }

    /// What of an address is not the network's.
    fn host_bits(self, address: IpAddr) -> u128 {
        let (number, width) = number(address);
        let host = 1_u128.checked_shl(width - self.bits).unwrap_or(0);
        number & host.wrapping_sub(1)
    }
}

/// An address as a number, and how many bits it has.
fn number(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(address) => (address.to_bits().into(), 32),
        IpAddr::V6(address) => (address.to_bits(), 128),
    }
}

/// What is no network or address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidNetwork {
    text: String,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    Address,
    Mapped,
    Bits,
    HostBits,
}

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self.problem {
            Problem::Address => {
                "is no network: write an IP address, or one and its bits, as in 10.0.0.0/8"
            }
            Problem::Mapped => "is IPv4 in the notation of IPv6: write it as in 10.0.0.0/8",
            Problem::Bits => "has no such bits: there are up to 32 of IPv4 and 128 of IPv6",
            Problem::HostBits => {
                "is an address within a network: leave the bits out for the address alone, or make \
                 those behind them zero for the whole network"
            }
        };
        write!(f, "{:?} {problem}", self.text)
    }
}

impl std::error::Error for InvalidNetwork {}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network = Network::parse(network).unwrap();
        network.contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        for (network, inside, outside) in [
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.0/31", "192.0.2.1", "192.0.2.2"),
            ("0.0.0.0/0", "255.255.255.255", "::"),
            ("::1", "::1", "::2"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
            ("::/0", "ffff::1", "0.0.0.0"),
        ] {
            assert!(contains(network, inside), "{inside} in {network}");
            assert!(!contains(network, outside), "{outside} in {network}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_to_do() {
        for (text, remedy) in [
            ("", "write an IP address"),
            ("localhost", "write an IP address"),
            ("::ffff:10.0.0.1", "write it as in 10.0.0.0/8"),
            ("10.0.0.0/", "up to 32"),
            ("10.0.0.0/33", "up to 32"),
            ("10.0.0.0/-1", "up to 32"),
            ("::/129", "128 of IPv6"),
            ("10.0.0.1/8", "leave the bits out"),
            ("2001:db8::1/32", "leave the bits out"),
        ] {
            let error = Network::parse(text).unwrap_err().to_string();
            assert!(error.contains(remedy), "{text}: {error}");
        }
    }
}
