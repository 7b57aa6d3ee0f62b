//! Downloads over HTTP. See [`fetch`].

use std::time::Duration;

use ureq::{
    Agent,
    http::{StatusCode, header},
};

use super::{Failure, Progress, partial::Partial};

/// How long a name, a connection, an answer and the next bytes may take.
const CONNECT: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(30);

/// Gets the rest of a file; from the start where the server cannot resume.
///
/// Proxies are taken from the environment (`HTTPS_PROXY`, …).
pub(super) fn fetch(
    address: &str,
    partial: &mut Partial,
    report: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Failure> {
    let resumed = partial.length() > 0;
    request(address, partial, report)?;
    // What an earlier pull left may be the start of another file: then once from the start.
    if resumed && partial.length() >= partial.content().bytes && !partial.is_right() {
        partial.restart().map_err(Failure::Write)?;
        request(address, partial, report)?;
    }
    Ok(())
}

fn request(
    address: &str,
    partial: &mut Partial,
    report: &mut dyn FnMut(Progress<'_>),
) -> Result<(), Failure> {
    let agent: Agent = Agent::config_builder()
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .timeout_recv_response(Some(ANSWER))
        .timeout_per_read(Some(ANSWER))
        .http_status_as_error(false)
        .user_agent(concat!("engine/", env!("CARGO_PKG_VERSION")))
        // Ranges and sizes are those of the file, not of a compressed form.
        .accept_encoding("identity")
        .build()
        .into();
    let mut request = agent.get(address);
    if partial.length() > 0 {
        request = request.header(header::RANGE, format!("bytes={}-", partial.length()));
    }
    let response = request
        .call()
        .map_err(|error| Failure::Source(error.to_string()))?;
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(header::CONTENT_RANGE);
            let expected = format!("bytes {}-", partial.length());
            if !range.is_some_and(|range| range.as_bytes().starts_with(expected.as_bytes())) {
                return Err(Failure::Source(format!(
                    "the server sent {range:?} when asked for {expected}"
                )));
            }
        }
        StatusCode::OK => partial.restart().map_err(Failure::Write)?,
        StatusCode::RANGE_NOT_SATISFIABLE if partial.length() > 0 => {
            partial.restart().map_err(Failure::Write)?;
            return self::request(address, partial, report);
        }
        status => return Err(Failure::Source(format!("the server answered {status}"))),
    }
    partial.append(response.into_body().into_reader(), report)
}
