//! Puts the centre together and takes it down again.

use crate::acd::{Acd, AgentConfig, Config, GroupConfig};
pub use crate::api::Lifetime;
use crate::api::{self, App, Parts};
use crate::clock::{self, Clock};
use crate::control::Control;
use crate::door;
pub use crate::door::Limits;
use crate::engine::{Builtin, Engine};
use crate::hub::Hub;
use crate::password;
use crate::practice::{Practice, PracticeTrunk, VoiceError};
use crate::recorder;
use crate::recordings::{self, Recordings};
use crate::store::{Store, StoreError};
use crate::tls::{HttpsListener, Tls, TlsError};
use offhook_model::{AgentId, PresenceReason, Secret, SipTransport, SkillGroupId};
use offhook_sip::Transport;
use offhook_sip::net::ResolveError;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long requests that are under way may take when the centre closes.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a centre is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder of its store.
    pub data: PathBuf,
    /// Where the API listens; port 0 is any free one.
    pub http: SocketAddr,
    /// Where SIP listens; port 0 is any free one.
    pub sip: SocketAddr,
    /// How long a queue call rings, in seconds.
    pub ring_seconds: u32,
    /// How long a wrap-up may take, in seconds; nothing where it has no limit.
    pub wrap_up_seconds: Option<u32>,
    /// How long after its app fell silent an agent is checked out, in seconds (ACCEPTANCE 12).
    pub grace_seconds: u32,
    /// Fill an empty store with the practice centre's people and customers.
    pub sample_data: bool,
    /// Where calls to numbers outside go, as `host:port`; practice people answer if nothing is said and practice is on.
    pub trunk: Option<String>,
    /// Record what agents and customers say to each other.
    pub record: bool,
    /// Let an administrator start practice calls.
    pub practice: bool,
    /// Plain HTTP and plain SIP to other machines.
    pub allow_plain: bool,
    /// How long a session lasts.
    pub lifetime: Lifetime,
    /// What the API bears of its clients.
    pub limits: Limits,
    /// HTTPS, and SIP over TLS beside plain SIP.
    pub tls: Option<Tls>,
}

/// Why a centre did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// HTTP or SIP without encryption is for this machine only.
    #[error(
        "{0} is not a loopback address: plain HTTP and SIP leave this machine only with --allow-plain, HTTPS and SIP over TLS with --tls"
    )]
    NotLoopback(SocketAddr),
    /// The certificate and its key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// SIP names its address in every message.
    #[error("{0} is every address: SIP needs the one it is reached at")]
    Unspecified(SocketAddr),
    /// An address is in use, or not this machine's.
    #[error("listening on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The trunk's name has no address.
    #[error(transparent)]
    Trunk(#[from] ResolveError),
    /// The engine did not start.
    #[error("starting the engine: {0}")]
    Engine(#[source] io::Error),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The practice voices cannot be written.
    #[error(transparent)]
    Voice(#[from] VoiceError),
    /// The folder of the recordings cannot be used.
    #[error("the folder of the recordings: {0}")]
    Recordings(#[source] io::Error),
    /// A task that was only just started is gone.
    #[error("the centre closed while starting")]
    Closing,
}

/// A running centre.
#[derive(Debug)]
pub struct Centre {
    /// Where the API listens.
    pub http: SocketAddr,
    /// Where plain SIP listens.
    pub sip: SocketAddr,
    /// What it shows over TLS, and where SIP over TLS listens.
    tls: Option<(Tls, SocketAddr)>,
    store: Store,
    practice: Option<Practice>,
    closing: CancellationToken,
    server: JoinHandle<()>,
    control: JoinHandle<()>,
    recorder: JoinHandle<()>,
}

impl Centre {
    /// Starts a centre.
    ///
    /// # Errors
    /// [`StartError`] says what is missing.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        check(&options)?;
        // Told before anything is opened: a wrong file is the likeliest fault.
        let config = options.tls.as_ref().map(Tls::config).transpose()?;
        let listen = |address| move |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(options.http)
            .await
            .map_err(listen(options.http))?;
        let http = listener.local_addr().map_err(listen(options.http))?;
        let engine = Builtin::bind(options.sip, options.allow_plain)
            .await
            .map_err(listen(options.sip))?;
        let sip = engine.local_addr().map_err(listen(options.sip))?;
        let engine = match (&options.tls, &config) {
            (Some(tls), Some(config)) => engine
                .over_tls(tls.sips, Arc::new(config.clone()))
                .await
                .map_err(listen(tls.sips))?,
            (None, _) | (_, None) => engine,
        };
        let sips = engine.tls_addr().map_err(listen(sip))?;
        let tls = options.tls.clone().zip(sips);
        let outside = match (&options.trunk, options.practice) {
            (Some(_), _) | (None, false) => None,
            (None, true) => Some(PracticeTrunk::bind(sip.ip()).await.map_err(listen(sip))?),
        };
        let trunk = match &options.trunk {
            Some(name) => Some(trunk(name, options.allow_plain).await?),
            None => outside.as_ref().map(|outside| outside.addr),
        };
        let engine = engine.with_trunk(trunk);

        let store = Store::open(&options.data).await?;
        let now = clock::wall();
        if options.sample_data {
            store.add_sample_data(now).await?;
        }
        let lost = store.lose_open_calls(now).await?;
        if lost > 0 {
            tracing::warn!(calls = lost, "Calls were lost by the restart");
        }

        complete_recordings(&store, &options.data).await?;

        let clock = Clock::start();
        let hub = Hub::new(u64::try_from(now.0).unwrap_or(0));
        let closing = CancellationToken::new();
        let (records, recorder) = recorder::spawn(store.clone(), hub.clone());
        let recordings = match options.record {
            true => Some(
                Recordings::start(&options.data, records.clone())
                    .map_err(StartError::Recordings)?,
            ),
            false => None,
        };
        let wires = engine
            .with_directory(api::directory(&store).await?)
            .with_recordings(recordings)
            .start()
            .await
            .map_err(StartError::Engine)?;
        let (acd, groups) = acd(&store, clock, times(&options)).await?;
        let (control, control_task) = Control::spawn(
            acd,
            groups,
            clock,
            wires,
            hub.clone(),
            records,
            closing.clone(),
        );
        let nobody = tokio::task::spawn_blocking(|| password::hash(&Secret::new("nobody")))
            .await
            .map_err(|_| StartError::Closing)??;
        let practice = if options.practice {
            let (control, store) = (control.clone(), store.clone());
            let practice = Practice::new(control, store, sip, &options.data, closing.clone())?;
            if let Some(outside) = outside {
                practice.listen(outside);
            }
            Some(practice)
        } else {
            None
        };
        let app = App::new(Parts {
            store: store.clone(),
            control,
            hub,
            clock,
            registrar: tls
                .as_ref()
                .map_or_else(|| sip.to_string(), |(tls, sips)| tls.host_port(*sips)),
            transport: match tls {
                Some(_) => SipTransport::Tls,
                None => SipTransport::Udp,
            },
            data: options.data,
            ring_seconds: options.ring_seconds,
            wrap_up_seconds: options.wrap_up_seconds,
            closing: closing.clone(),
            nobody,
            practice: practice.clone(),
            lifetime: options.lifetime,
            patience: options.limits.patience,
        });
        tokio::spawn(app.clone().end_lapsed_sessions());
        let router = api::router(app);
        let server = match config {
            Some(config) => {
                let listener =
                    HttpsListener::start(listener, config).map_err(listen(options.http))?;
                tokio::spawn(door::serve(
                    listener,
                    router,
                    options.limits,
                    closing.clone(),
                ))
            }
            None => tokio::spawn(door::serve(
                listener,
                router,
                options.limits,
                closing.clone(),
            )),
        };
        tracing::info!(%http, %sip, sips = ?sips, "The centre is open");
        Ok(Self {
            http,
            sip,
            tls,
            store,
            practice,
            closing,
            server,
            control: control_task,
            recorder,
        })
    }

    /// The base address of the API, as agents type it.
    #[must_use]
    pub fn base(&self) -> String {
        match &self.tls {
            Some((tls, _)) => format!("https://{}", tls.host_port(self.http)),
            None => format!("http://{}", self.http),
        }
    }

    /// `host:port` of SIP over TLS; nothing where only plain SIP is spoken.
    #[must_use]
    pub fn sips(&self) -> Option<String> {
        self.tls.as_ref().map(|(tls, sips)| tls.host_port(*sips))
    }

    /// Waits until the centre fails by itself, which it should never do.
    pub async fn failed(&mut self) {
        // Cancel-safe: a handle may be asked again after it was dropped from a select.
        if let Err(error) = (&mut self.control).await {
            tracing::error!(%error, "The control task failed");
        }
    }

    /// Hangs up, answers what is under way, writes everything and closes.
    pub async fn stop(self) {
        self.closing.cancel();
        if tokio::time::timeout(PATIENCE, self.server).await.is_err() {
            tracing::warn!("Requests were still under way");
        }
        if let Some(practice) = &self.practice
            && tokio::time::timeout(PATIENCE, practice.finished())
                .await
                .is_err()
        {
            tracing::warn!("A practice customer did not hang up");
        }
        // The engine gives its calls 2 s to end; the records of their ends follow.
        if !self.control.is_finished()
            && tokio::time::timeout(PATIENCE, self.control).await.is_err()
        {
            tracing::warn!("The engine did not end");
        }
        if tokio::time::timeout(PATIENCE, self.recorder).await.is_err() {
            tracing::warn!("Records were still being written");
        }
        self.store.close().await;
    }
}

async fn trunk(name: &str, allow_plain: bool) -> Result<SocketAddr, StartError> {
    let address = offhook_sip::net::resolve(name, Transport::Udp).await?;
    if !address.ip().is_loopback() && !allow_plain {
        return Err(StartError::NotLoopback(address));
    }
    Ok(address)
}

fn check(options: &Options) -> Result<(), StartError> {
    let http = options.tls.is_none().then_some(options.http);
    for address in http.into_iter().chain([options.sip]) {
        if !address.ip().is_loopback() && !options.allow_plain {
            return Err(StartError::NotLoopback(address));
        }
    }
    let sips = options.tls.as_ref().map(|tls| tls.sips);
    for address in sips.into_iter().chain([options.sip]) {
        if address.ip().is_unspecified() {
            return Err(StartError::Unspecified(address));
        }
    }
    Ok(())
}

fn times(options: &Options) -> Config {
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Config {
        ring: seconds(options.ring_seconds),
        wrap_up: options.wrap_up_seconds.map(seconds),
        lost_after: seconds(options.grace_seconds),
        ..Config::default()
    }
}

/// Puts on record what an earlier run was recording when it ended.
async fn complete_recordings(store: &Store, data: &Path) -> Result<(), StartError> {
    let known = store.recorded_legs().await?;
    let data = data.to_owned();
    let found = tokio::task::spawn_blocking(move || recordings::complete(&data, &known))
        .await
        .map_err(|_| StartError::Closing)?
        .map_err(StartError::Recordings)?;
    for (leg, recording) in found {
        tracing::warn!(%leg, "A recording was left open by an earlier run");
        store.keep_recording(leg, recording).await?;
    }
    Ok(())
}

/// The queue as it was on record, with the groups of each agent.
async fn acd(
    store: &Store,
    clock: Clock,
    config: Config,
) -> Result<(Acd, BTreeMap<AgentId, Vec<SkillGroupId>>), StartError> {
    let mut acd = Acd::new(config, rand::random());
    for queue in store.queue_numbers().await? {
        acd.add_group(GroupConfig {
            id: queue.group.id,
            name: queue.group.name,
        });
    }
    let mut groups = BTreeMap::new();
    for agent in store.agents().await? {
        let mine: Vec<_> = agent
            .profile
            .skill_groups
            .iter()
            .map(|group| group.id)
            .collect();
        groups.insert(agent.profile.id, mine.clone());
        acd.add_agent(
            clock.now(),
            AgentConfig {
                agent: agent.profile.id,
                groups: mine,
                presence: agent.presence,
                in_wrap_up: agent.in_wrap_up,
                // One that sleeps is not expected to be heard.
                watched: agent.watched && agent.presence.reason != PresenceReason::Asleep,
            },
        );
    }
    Ok((acd, groups))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(http: &str, sip: &str, sips: Option<&str>) -> Options {
        let address = |text: &str| text.parse().expect("an address");
        Options {
            data: PathBuf::new(),
            http: address(http),
            sip: address(sip),
            ring_seconds: 30,
            wrap_up_seconds: None,
            grace_seconds: 60,
            sample_data: false,
            trunk: None,
            record: false,
            practice: false,
            allow_plain: false,
            lifetime: Lifetime::default(),
            limits: Limits::default(),
            tls: sips.map(|sips| Tls {
                certificate: PathBuf::new(),
                key: PathBuf::new(),
                sips: address(sips),
                name: None,
            }),
        }
    }

    #[test]
    fn only_what_is_encrypted_leaves_this_machine() {
        let here = "127.0.0.1:0";
        let there = "192.0.2.1:0";
        let every = "0.0.0.0:0";
        check(&options(here, here, None)).expect("all of it is here");
        check(&options(there, here, Some(there))).expect("it is encrypted");
        check(&options(every, here, Some(there))).expect("the API has a name");
        for (http, sip, sips) in [
            (there, here, None),
            (here, there, None),
            // Plain SIP stays plain, whatever stands beside it.
            (there, there, Some(there)),
        ] {
            let refused = check(&options(http, sip, sips));
            assert!(
                matches!(refused, Err(StartError::NotLoopback(_))),
                "{http} {sip} {sips:?}: {refused:?}"
            );
        }
        let nowhere = check(&options(there, here, Some(every)));
        assert!(matches!(nowhere, Err(StartError::Unspecified(_))));
        let mut open = options(there, there, None);
        open.allow_plain = true;
        check(&open).expect("it was asked for");
    }
}
