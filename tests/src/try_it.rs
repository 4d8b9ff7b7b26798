//! The demo for a person: a practice centre, the desk in front of it, and customers who call while it is open.

use crate::{
    api::{Api, PracticeCall},
    centre::{Centre, PASSWORD, Rules},
    environment::Environment,
    headless::{Audio, Headless},
    place::{Place, program},
    process::Program,
};
use anyhow::Result;
use offhook_desk::{Command, SessionView};
use offhook_model::Secret;
use std::{path::Path, time::Duration};

/// Between the end of a call and the next customer.
const BREATH: Duration = Duration::from_secs(20);

/// Who calls, one after the other. The last one is in no record.
const CUSTOMERS: [&str; 3] = ["12800550142", "+14155550142", "12800550199"];

/// Opens the desk and lets customers call until it is closed.
///
/// # Errors
/// Something is not built or does not come up.
pub async fn try_it(mut tell: impl FnMut(&str)) -> Result<()> {
    let place = Place::new("demo")?;
    let environment = Environment::inherited();
    tell("The practice centre comes up.");
    let centre = Centre::start(&place, &environment, Rules::default()).await?;
    let administrator = centre.administrator().await?;
    let profile = place.dir("profile")?;
    #[cfg(target_os = "linux")]
    if let Some(window) = signed_in(&place, &environment, &centre.http, &profile).await? {
        tell("The desk is open and checked in: a customer calls. Close the window to end.");
        return tokio::select! {
            () = window.closed() => Ok(()),
            failed = customers_call(&administrator) => failed,
        };
    }
    prefill(&place, &environment, &centre.http, &profile).await?;
    let mut window = Program::new("offhook", program("offhook")?, &place, &environment)
        .arg("--profile")
        .arg(&profile)
        .start()?;
    tell(&format!(
        "The desk is open. The password is {PASSWORD}; check in, and a customer calls. Close the window to end."
    ));
    tokio::select! {
        ended = window.end() => ended,
        failed = customers_call(&administrator) => failed,
    }
}

/// Opens the desk, signs in by typing and checks in, where WebKit's driver is installed; from then on it is the person's.
#[cfg(target_os = "linux")]
async fn signed_in(
    place: &Place,
    environment: &Environment,
    centre: &str,
    profile: &Path,
) -> Result<Option<crate::desktop::Desktop>> {
    use crate::{desktop::Desktop, work};
    if !Desktop::is_possible() {
        return Ok(None);
    }
    let arguments = ["--profile".to_owned(), profile.display().to_string()];
    let window = Desktop::open(place, environment, &program("offhook")?, &arguments).await?;
    work::sign_in(&window, centre, "lin").await?;
    work::check_in(&window).await?;
    Ok(Some(window))
}

/// Signs in once on this profile, so that the desk asks for the password only.
async fn prefill(
    place: &Place,
    environment: &Environment,
    centre: &str,
    profile: &Path,
) -> Result<()> {
    let mut phone = Headless::on_profile(place, environment, "lin", profile, &Audio::Null).await?;
    phone
        .command(&Command::SignIn {
            centre: centre.into(),
            username: "lin".into(),
            password: Secret::new(PASSWORD),
        })
        .await?;
    phone
        .until("sign-in", |view| {
            matches!(view.session, SessionView::SignedIn { .. }).then_some(())
        })
        .await?;
    phone.command(&Command::SignOut).await?;
    phone
        .until("sign-out", |view| {
            matches!(view.session, SessionView::SignedOut { .. }).then_some(())
        })
        .await?;
    phone.leave().await
}

async fn customers_call(administrator: &Api) -> Result<()> {
    for number in CUSTOMERS.iter().cycle() {
        let customer = administrator
            .call_in(&PracticeCall {
                number,
                display_name: None,
                voice: None,
                record: None,
            })
            .await?;
        while administrator.practice_state(customer).await?.stage != "ended" {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}
