//! Names to addresses, with an error of its own, so that an unknown name is told apart from a port that does not answer.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::io;

/// The system's resolver found no address for the name.
#[derive(Debug, thiserror::Error)]
#[error("the name cannot be found")]
pub(crate) struct NameNotFound(#[source] io::Error);

/// The system's resolver.
#[derive(Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(NameNotFound)?
                .collect();
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}
