//! Metadata as the suite describes it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use grpcweb_runtime::{MetadataMap, Status};

use crate::v1::Header;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Adds the headers to `metadata`. Values of `-bin` keys are in base64.
pub(crate) fn append(metadata: &mut MetadataMap, headers: &[Header]) -> Result<(), Status> {
    for Header { name, value } in headers {
        let name = name.to_ascii_lowercase();
        for value in value {
            if name.ends_with("-bin") {
                let value = BASE64.decode(value).map_err(|error| {
                    Status::invalid_argument(format!("{name} is not base64: {error}"))
                })?;
                metadata.append_bin(&name, value)?;
            } else {
                metadata.append(&name, value)?;
            }
        }
    }
    Ok(())
}

/// Everything that came with a call, in base64 where its key ends in `-bin`.
pub(crate) fn describe(metadata: &MetadataMap) -> Vec<Header> {
    let mut headers = BTreeMap::<_, Vec<_>>::new();
    for (name, value) in metadata.as_headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str()).or_default().push(value);
    }
    headers
        .into_iter()
        .map(|(name, value)| Header {
            name: name.to_owned(),
            value,
        })
        .collect()
}
