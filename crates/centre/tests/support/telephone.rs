//! SIP word by word, for what no honest telephone sends.

use super::PATIENCE;
use md5::{Digest, Md5};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use tokio::net::UdpSocket;

/// A socket that says to the centre what it is told to.
pub struct Telephone {
    socket: UdpSocket,
    centre: SocketAddr,
    sent: u32,
}

/// What the centre answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: HashMap<String, String>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(&name.to_ascii_lowercase())
            .map(String::as_str)
    }
}

/// Credentials as they are typed into a telephone.
#[derive(Debug, Clone)]
pub struct Credentials<'a> {
    pub user: &'a str,
    pub password: &'a str,
    pub realm: &'a str,
}

impl<'a> Credentials<'a> {
    pub fn new(user: &'a str, password: &'a str) -> Self {
        Self {
            user,
            password,
            realm: "offhook",
        }
    }

    /// The Authorization for a nonce (RFC 7616 section 3.4, MD5).
    pub fn answer(&self, method: &str, uri: &str, nonce: &str, count: u32) -> String {
        let hash = |text: String| -> String {
            let digest = Md5::digest(text.as_bytes());
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let secret = hash(format!("{}:{}:{}", self.user, self.realm, self.password));
        let request = hash(format!("{method}:{uri}"));
        let response = hash(format!("{secret}:{nonce}:{count:08x}:c:auth:{request}"));
        format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm=MD5, qop=auth, \
             nc={count:08x}, cnonce=\"c\", response=\"{response}\"",
            self.user, self.realm
        )
    }
}

/// The nonce of a challenge.
pub fn nonce(answer: &Answer) -> String {
    let challenge = answer
        .header("WWW-Authenticate")
        .or_else(|| answer.header("Proxy-Authenticate"))
        .expect("a challenge");
    let (_, rest) = challenge.split_once("nonce=\"").expect("a nonce");
    rest.split('"').next().expect("its end").to_owned()
}

impl Telephone {
    pub async fn at(address: IpAddr, centre: SocketAddr) -> Self {
        Self {
            socket: UdpSocket::bind((address, 0)).await.expect("a socket"),
            centre,
            sent: 0,
        }
    }

    pub fn uri(&self) -> String {
        format!("sip:{}", self.centre)
    }

    /// Registers an extension for two minutes, with this Authorization where given.
    pub async fn register(&mut self, extension: &str, authorization: Option<&str>) -> Answer {
        self.send("REGISTER", extension, &self.uri(), authorization)
            .await
    }

    /// Calls, as this From.
    pub async fn invite(&mut self, from: &str, whom: &str, authorization: Option<&str>) -> Answer {
        let uri = format!("sip:{whom}@{}", self.centre);
        self.send("INVITE", from, &uri, authorization).await
    }

    async fn send(
        &mut self,
        method: &str,
        user: &str,
        uri: &str,
        authorization: Option<&str>,
    ) -> Answer {
        self.sent += 1;
        let (here, n, centre) = (
            self.socket.local_addr().expect("bound"),
            self.sent,
            self.centre,
        );
        let field = if method == "INVITE" {
            "Proxy-Authorization"
        } else {
            "Authorization"
        };
        let authorization = authorization
            .map(|value| format!("{field}: {value}\r\n"))
            .unwrap_or_default();
        let to = if method == "INVITE" {
            format!("<{uri}>")
        } else {
            format!("<sip:{user}@{centre}>")
        };
        let message = format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {here};branch=z9hG4bK-{n};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{user}@{centre}>;tag=t{n}\r\nTo: {to}\r\nCall-ID: {here}\r\nCSeq: {n} {method}\r\n\
             Contact: <sip:{user}@{here}>\r\nExpires: 120\r\n{authorization}Content-Length: 0\r\n\r\n"
        );
        self.socket
            .send_to(message.as_bytes(), centre)
            .await
            .expect("sent");
        let branch = format!("z9hG4bK-{n}");
        loop {
            let mut bytes = vec![0; 65_536];
            let received = self.socket.recv(&mut bytes);
            let length = tokio::time::timeout(PATIENCE, received)
                .await
                .expect("in time")
                .expect("received");
            let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
            let answer = read(&text);
            let is_ours = answer
                .header("Via")
                .is_some_and(|via| via.contains(&branch));
            if is_ours && answer.status >= 200 {
                return answer;
            }
        }
    }
}

fn read(text: &str) -> Answer {
    let mut lines = text.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let mut headers = HashMap::new();
    for line in lines.take_while(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').expect("a header");
        let key = name.trim().to_ascii_lowercase();
        // The last of several: MD5 stands after SHA-256.
        headers.insert(key, value.trim().to_owned());
    }
    Answer {
        status: status.and_then(|status| status.parse().ok()).unwrap_or(0),
        headers,
    }
}
