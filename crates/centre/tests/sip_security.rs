//! Who gets nothing: from the telephone side, with real datagrams.
#![cfg(target_os = "linux")]

mod support;

use offhook_model::api::SipAccount;
use std::net::{IpAddr, Ipv4Addr};
use support::World;
use support::telephone::{Credentials, Telephone, nonce};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Other machines, as far as a loopback network has some.
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));
/// A desk telephone of the sample.
const DEVICE: Credentials<'static> = Credentials {
    user: "1001",
    password: "practice-sip",
    realm: "offhook",
};

/// Registers as a telephone does: asks, is challenged, answers.
async fn register(phone: &mut Telephone, extension: &str, credentials: &Credentials<'_>) -> u16 {
    let challenge = phone.register(extension, None).await;
    assert_eq!(challenge.status, 401);
    let nonce = nonce(&challenge);
    let answer = credentials.answer("REGISTER", &phone.uri(), &nonce, 1);
    phone.register(extension, Some(&answer)).await.status
}

async fn session(world: &World, name: &str) -> SipAccount {
    world.signed_in(name).await.sip.expect("a telephone")
}

#[tokio::test]
async fn what_was_overheard_cannot_be_said_again() {
    let world = World::start().await;
    let mut phone = Telephone::at(HERE, world.centre.sip).await;
    let mut thief = Telephone::at(ELSEWHERE, world.centre.sip).await;
    let (uri, challenge) = (phone.uri(), phone.register("1001", None).await);
    let nonce = nonce(&challenge);
    let first = DEVICE.answer("REGISTER", &uri, &nonce, 1);
    let second = DEVICE.answer("REGISTER", &uri, &nonce, 2);
    assert_eq!(phone.register("1001", Some(&first)).await.status, 200);
    assert_eq!(phone.register("1001", Some(&second)).await.status, 200);
    for overheard in [&first, &second] {
        let answer = thief.register("1001", Some(overheard)).await;
        assert_eq!(answer.status, 401);
        // Nor does what was said for one method serve another.
        let answer = thief.invite("1001", "400100", Some(overheard)).await;
        assert_eq!(answer.status, 407);
    }
    // The right count, but a nonce that this centre never gave out.
    let made_up = DEVICE.answer("REGISTER", &uri, "12.0000.ffff", 1);
    assert_eq!(thief.register("1001", Some(&made_up)).await.status, 401);
    // The owner goes on with the next count.
    let third = DEVICE.answer("REGISTER", &uri, &nonce, 3);
    assert_eq!(phone.register("1001", Some(&third)).await.status, 200);
    world.centre.stop().await;
}

#[tokio::test]
async fn a_telephone_is_its_own_extension_and_no_other() {
    let world = World::start().await;
    let mut phone = Telephone::at(HERE, world.centre.sip).await;
    assert_eq!(register(&mut phone, "1002", &DEVICE).await, 403);
    assert_eq!(register(&mut phone, "1009", &DEVICE).await, 403);
    // Answers for another realm are no answers.
    for _ in 0..8 {
        let other = Credentials {
            realm: "elsewhere",
            ..DEVICE
        };
        assert_eq!(register(&mut phone, "1001", &other).await, 401);
    }
    assert_eq!(register(&mut phone, "1001", &DEVICE).await, 200);

    // Whoever says to be an agent must prove it, registered or not, and be the one.
    for from in ["1001", "1002"] {
        let mut stranger = Telephone::at(ELSEWHERE, world.centre.sip).await;
        let challenge = stranger.invite(from, "400100", None).await;
        assert_eq!(challenge.status, 407);
        let wrong = Credentials::new(from, "guess");
        let uri = format!("sip:400100@{}", world.centre.sip);
        let answer = wrong.answer("INVITE", &uri, &nonce(&challenge), 1);
        let answer = stranger.invite(from, "400100", Some(&answer)).await;
        assert_eq!(answer.status, 407);
    }
    let challenge = phone.invite("1002", "400100", None).await;
    let uri = format!("sip:400100@{}", world.centre.sip);
    let answer = DEVICE.answer("INVITE", &uri, &nonce(&challenge), 1);
    let answer = phone.invite("1002", "400100", Some(&answer)).await;
    assert_eq!(answer.status, 403);
    // Nobody calls outside without being an agent.
    let answer = phone.invite("12900550167", "12800550142", None).await;
    assert_eq!(answer.status, 404);
    world.centre.stop().await;
}

#[tokio::test]
async fn the_telephone_of_a_session_that_is_over_is_nobodys() {
    let world = World::start().await;
    let old = session(&world, "lin").await;
    let new = session(&world, "lin").await;
    let mut phone = Telephone::at(HERE, world.centre.sip).await;
    let old = Credentials::new(&old.auth_user, old.password.expose());
    let new = Credentials::new(&new.auth_user, new.password.expose());
    assert_eq!(register(&mut phone, "1001", &new).await, 200);
    let mut thief = Telephone::at(ELSEWHERE, world.centre.sip).await;
    assert_eq!(register(&mut thief, "1001", &old).await, 401);
    world.centre.stop().await;
}

#[tokio::test]
async fn guessing_is_locked_out_and_no_agent_with_it() {
    let world = World::start().await;
    let account = session(&world, "lin").await;
    let of_session = Credentials::new(&account.auth_user, account.password.expose());
    let mut phone = Telephone::at(HERE, world.centre.sip).await;
    assert_eq!(register(&mut phone, "1001", &of_session).await, 200);
    let mut desk = Telephone::at(THERE, world.centre.sip).await;
    assert_eq!(register(&mut desk, "1001", &DEVICE).await, 200);

    // The answers are the same, whether there is such a telephone or not.
    let mut thief = Telephone::at(ELSEWHERE, world.centre.sip).await;
    for user in [&*account.auth_user, "1001", "nobody"] {
        let guess = Credentials::new(user, "guess");
        let mut answers = Vec::new();
        for _ in 0..7 {
            answers.push(register(&mut thief, "1001", &guess).await);
        }
        assert_eq!(answers, [401, 401, 401, 401, 401, 503, 503], "{user}");
    }
    // A password that a person chose is not taken from there now, even if it is right.
    let challenge = thief.register("1001", None).await;
    let right = DEVICE.answer("REGISTER", &thief.uri(), &nonce(&challenge), 1);
    let answer = thief.register("1001", Some(&right)).await;
    assert_eq!(answer.status, 503);
    let seconds = answer
        .header("Retry-After")
        .and_then(|text| text.parse().ok());
    assert!(seconds.is_some_and(|seconds: u32| (1..=61).contains(&seconds)));

    // Both telephones of the agent go on, also from another port, and the session's from anywhere.
    let mut again = Telephone::at(THERE, world.centre.sip).await;
    assert_eq!(register(&mut again, "1001", &DEVICE).await, 200);
    let mut moved = Telephone::at(ELSEWHERE, world.centre.sip).await;
    assert_eq!(register(&mut moved, "1001", &of_session).await, 200);
    assert_eq!(register(&mut phone, "1001", &of_session).await, 200);
    world.centre.stop().await;
}
