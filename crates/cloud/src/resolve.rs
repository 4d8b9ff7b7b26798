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

/// The name belongs to another computer.
#[derive(Debug, thiserror::Error)]
#[error("plain http is spoken to this computer only")]
pub(crate) struct NotThisComputer;

/// The system's resolver for plain http: whoever has the name, only this computer is spoken to.
#[derive(Debug)]
pub(crate) struct OwnResolver;

impl Resolve for OwnResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let own: Vec<_> = SystemResolver
                .resolve(name)
                .await?
                .filter(|address| address.ip().is_loopback())
                .collect();
            if own.is_empty() {
                return Err(NotThisComputer.into());
            }
            let addresses: Addrs = Box::new(own.into_iter());
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    #[tokio::test]
    async fn a_name_of_this_computer_is_resolved_and_any_other_is_not() {
        let resolved = |name: &'static str| async move {
            let name = Name::from_str(name).expect("a name");
            OwnResolver.resolve(name).await.map(Iterator::count)
        };
        assert!(resolved("localhost").await.expect("addresses") > 0);
        // The resolver takes addresses as names: no name server is needed for one of another computer.
        let other = resolved("192.0.2.1").await.expect_err("not this one");
        assert!(other.is::<NotThisComputer>(), "{other}");
        let nobody = resolved("centre.invalid").await.expect_err("nobody's");
        assert!(nobody.is::<NameNotFound>(), "{nobody}");
    }
}
