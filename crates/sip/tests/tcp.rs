//! The driver over real TCP connections on loopback.
#![cfg(feature = "net")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use offhook_sip::{CallKey, Command, EndCause, Event, RegistrationError, Transport};
use support::exchange::{Ask, PATIENCE, Phone, Running};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

#[tokio::test]
async fn a_phone_registers_and_calls_both_ways_and_again_after_its_connection_was_cut() {
    let mut exchange = Running::at("127.0.0.1:0").await;
    let mut phone = Phone::registered(exchange.addr, Transport::Tcp).await;
    phone.calls_both_ways(&mut exchange).await;
    for _ in 0..3 {
        exchange.ask(Ask::Disconnect).await;
        assert!(matches!(
            phone.next().await,
            Event::RegistrationFailed {
                cause: RegistrationError::Disconnected,
                retry_in: Some(_)
            }
        ));
        assert!(matches!(phone.next().await, Event::Registered { .. }));
        phone.calls_both_ways(&mut exchange).await;
    }
    drop(phone.commands);
    let mut last = None;
    while let Some(event) = timeout(PATIENCE, phone.events.recv()).await.unwrap() {
        last = Some(event);
    }
    assert!(matches!(last, Some(Event::Unregistered)));
    phone.task.await.unwrap();
}

#[tokio::test]
async fn a_phone_comes_back_over_tcp_to_a_registrar_that_was_away() {
    comes_back(Transport::Tcp).await;
}

#[tokio::test]
async fn a_phone_comes_back_over_udp_to_a_registrar_that_was_away() {
    comes_back(Transport::Udp).await;
}

async fn comes_back(transport: Transport) {
    let exchange = Running::at("127.0.0.1:0").await;
    let addr = exchange.addr;
    let mut phone = Phone::registered(addr, transport).await;
    exchange.stop().await;
    // Over UDP the next keep-alive would find out; a call finds out before.
    phone.invite(CallKey(1)).await;
    let mut lost = 0;
    while lost < 2 {
        if let Event::RegistrationFailed { cause, retry_in } = phone.next().await {
            assert!(retry_in.is_some(), "{cause:?}");
            lost += 1;
        }
    }
    let mut exchange = Running::at(&addr.to_string()).await;
    loop {
        match phone.next().await {
            Event::Registered { .. } => break,
            Event::RegistrationFailed { .. } | Event::Ended { .. } => {}
            event => panic!("{event:?}"),
        }
    }
    phone.calls_both_ways(&mut exchange).await;
}

#[tokio::test]
async fn a_phones_connection_leaves_from_the_port_that_contact_names() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let phone = Phone::towards(listener.local_addr().unwrap(), Transport::Tcp).await;
    phone.tell(Command::Register).await;
    let (mut stream, from) = listener.accept().await.unwrap();
    assert_eq!(from, phone.local);
    let mut buffer = vec![0; 4096];
    let size = timeout(PATIENCE, stream.read(&mut buffer))
        .await
        .unwrap()
        .unwrap();
    let text = String::from_utf8_lossy(&buffer[..size]);
    let contact = format!(
        "Contact: <sip:1001@{};transport=tcp>;expires=120\r\n",
        phone.local
    );
    assert!(
        text.contains(&contact) && text.contains("Via: SIP/2.0/TCP "),
        "{text}"
    );
}

#[tokio::test]
async fn a_refused_connection_is_told_at_once() {
    let nobody = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    };
    let mut phone = Phone::towards(nobody, Transport::Tcp).await;
    let begun = std::time::Instant::now();
    phone.tell(Command::Register).await;
    assert!(matches!(
        phone.next().await,
        Event::RegistrationFailed {
            cause: RegistrationError::Unreachable,
            retry_in: Some(_)
        }
    ));
    assert!(begun.elapsed() < Duration::from_secs(2));
    phone.invite(CallKey(1)).await;
    assert!(matches!(
        phone.next().await,
        Event::Ended {
            cause: EndCause::Unreachable,
            ..
        }
    ));
}

const OPTIONS: &str = "OPTIONS sip:x@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:9;branch=z9hG4bKBRANCH\r\nFrom: <sip:x@x>;tag=1\r\nTo: <sip:y@y>\r\n\
                       Call-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let mut buffer = [0; 1024];
    while !text.contains(end) {
        let size = timeout(PATIENCE, stream.read(&mut buffer))
            .await
            .unwrap()
            .unwrap();
        assert!(size > 0, "closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&buffer[..size]));
    }
    text
}

#[tokio::test]
async fn keep_alives_are_answered_bad_messages_too_and_the_stream_goes_on() {
    let exchange = Running::at("127.0.0.1:0").await;
    let mut stream = TcpStream::connect(exchange.addr).await.unwrap();
    stream.write_all(b"\r\n\r\n").await.unwrap();
    assert_eq!(read_until(&mut stream, "\r\n").await, "\r\n");
    let bad = OPTIONS
        .replace("sip:x@127.0.0.1 ", "<sip:x> ")
        .replace("BRANCH", "1");
    stream.write_all(bad.as_bytes()).await.unwrap();
    assert!(
        read_until(&mut stream, "\r\n\r\n")
            .await
            .starts_with("SIP/2.0 400")
    );
    for byte in OPTIONS.replace("BRANCH", "2").bytes() {
        stream.write_all(&[byte]).await.unwrap();
    }
    assert!(
        read_until(&mut stream, "\r\n\r\n")
            .await
            .starts_with("SIP/2.0 200")
    );
    let endless = OPTIONS.replace("Length: 0", "Length: 18446744073709551615");
    stream.write_all(endless.as_bytes()).await.unwrap();
    let closed = timeout(PATIENCE, stream.read(&mut [0; 16])).await.unwrap();
    assert!(matches!(closed, Ok(0) | Err(_)));
}

#[tokio::test]
async fn a_peer_that_never_reads_loses_its_connection_and_delays_nobody() {
    let mut exchange = Running::at("127.0.0.1:0").await;
    let stalled = TcpStream::connect(exchange.addr).await.unwrap();
    let (_unread, mut writer) = stalled.into_split();
    let flood = tokio::spawn(async move {
        let padding = "x".repeat(20_000);
        for n in 0.. {
            let text = OPTIONS.replace("BRANCH", &format!("{n};padding={padding}"));
            if writer.write_all(text.as_bytes()).await.is_err() {
                break;
            }
        }
    });
    let mut phone = Phone::registered(exchange.addr, Transport::Tcp).await;
    phone.calls_both_ways(&mut exchange).await;
    timeout(PATIENCE, flood)
        .await
        .expect("the connection is cut")
        .unwrap();
    phone.calls_both_ways(&mut exchange).await;
}
