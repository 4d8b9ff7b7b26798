//! Who calls, in the window: somebody new, one of several with the same number, and a card that comes while one is writing.

#![cfg(target_os = "linux")]

use anyhow::{Context, Result, ensure};
use e2e::{
    acceptance::shown,
    api::Api,
    centre::PASSWORD,
    desktop::Role,
    display::Display,
    place::eventually,
    window::{Language, Opening, Window},
    work::{ANSWER, PATIENCE, READY, START, SUMMARY, WRAP_UP},
    world::World,
};
use offhook_model::{PhoneNumber, api::CustomerBody};

const NEW_NUMBER: &str = "12300550177";
const SHARED: &str = "12300550188";
const NAME: &[&str] = &["姓名", "Name"];
const NUMBER: &[&str] = &["电话号码", "Number"];
const SAVE: &[&str] = &["保存", "Save"];

#[tokio::test(flavor = "multi_thread")]
async fn a_new_customer_is_written_down_and_a_card_leaves_the_caret_where_it_is() -> Result<()> {
    let world = World::silent("window-new-customer", 60).await?;
    let display = Display::start(&world.place, &world.environment).await?;
    let opening = Opening::silent("lin").in_language(Language::Chinese);
    let window = world.desk(&display, "lin", opening).await?;
    ensure!(world.administrator.cards(NEW_NUMBER).await?.is_empty());

    // A form with the number in it, while it rings.
    let customer = world.customer_calls(NEW_NUMBER).await?;
    let call = world.waits(customer).await?;
    window.find(Role::Button, ANSWER).await?;
    window.find(Role::TextBox, NAME).await?;
    assert_eq!(window.value(NUMBER).await?, NEW_NUMBER);
    let (role, name) = window.focused().await?;
    ensure!(
        !NAME.contains(&name.as_str()),
        "the focus is on {role} {name:?}"
    );
    world.legs_end(call, &[None]).await?;
    window.picture_of("unknown").await?;
    window.click(Role::Button, ANSWER).await?;
    // Half written when the call ends.
    window.click(Role::TextBox, NAME).await?;
    window.keys("苏").await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    window.focuses(NAME, PATIENCE).await?;
    window.keys("清和").await?;
    assert_eq!(window.value(NAME).await?, "苏清和");
    window.picture_of("new-customer").await?;
    window.click(Role::Button, SAVE).await?;
    let card = eventually("the customer at the centre", PATIENCE, async || {
        let cards = world.administrator.cards(NEW_NUMBER).await?;
        cards.into_iter().next().context("nobody has the number")
    })
    .await?;
    assert_eq!(card.customer.name, "苏清和");
    window.find(Role::Button, &["编辑资料"]).await?;
    window.withholds(Role::TextBox, NUMBER, PATIENCE).await?;
    window.picture_of("saved").await?;
    // And edited.
    window.allows(Role::Button, &["编辑资料"]).await?;
    window.press("Ctrl+E").await?;
    window.focuses(NAME, PATIENCE).await?;
    window.press("End").await?;
    window.keys("女士").await?;
    window.click(Role::Button, SAVE).await?;
    eventually("the new name at the centre", PATIENCE, async || {
        let cards = world.administrator.cards(NEW_NUMBER).await?;
        let name = &cards.first().context("a customer")?.customer.name;
        ensure!(cards.len() == 1 && name == "苏清和女士", "{name}");
        Ok(())
    })
    .await?;

    // The summary is being written while the next call comes, from the same customer.
    window.click(Role::Button, START).await?;
    window.find(Role::Button, READY).await?;
    window.click(Role::Button, &["苏清和女士, 待补全"]).await?;
    window.click(Role::TextBox, SUMMARY).await?;
    window.keys("装机要改").await?;
    window.press("Left").await?;
    let again = world.customer_calls(NEW_NUMBER).await?;
    let next = world.waits(again).await?;
    window.find(Role::Button, ANSWER).await?;
    window.shows(&["来电客户"], PATIENCE).await?;
    window.focuses(SUMMARY, PATIENCE).await?;
    window.keys("时间").await?;
    assert_eq!(window.value(SUMMARY).await?, "装机要时间改");
    window.picture_of("beside").await?;
    let legs = world.legs_end(next, &[None]).await?;
    let named = legs[0]
        .customer
        .as_ref()
        .map(|customer| customer.name.as_str());
    assert_eq!(named, Some("苏清和女士"));
    shown(
        &[38],
        "window: a call that comes while a summary is written shows at the side; caret and text stay, and what is typed on stands where the caret was",
        "centre: the call is offered meanwhile",
    )?;
    window.click(Role::Button, &["移到中间"]).await?;
    window.shows(&["苏清和女士"], PATIENCE).await?;
    window.withholds(Role::TextBox, NAME, PATIENCE).await?;
    window.click(Role::Button, ANSWER).await?;
    window.picture_of("pop-of-the-new").await?;
    world.customer_is(again, "connected").await?;
    shown(
        &[4],
        "window: a form for a new customer with the number in it while it rings; saved and then edited, the next call opens the profile",
        "centre: the customer with this number, first with the one name, then with the other, and the next leg bears it",
    )?;
    window.close().await.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_several_customers_is_chosen_and_stands_on_the_wrap_up() -> Result<()> {
    let world = World::silent("window-several", 60).await?;
    let hannah = Api::sign_in(&world.centre.http, "hannah", PASSWORD).await?;
    let mut ids = Vec::new();
    for name in ["Ada Marsh", "Ben Marsh"] {
        let body = CustomerBody {
            name: name.into(),
            numbers: vec![PhoneNumber::parse(SHARED).ok().context("a number")?],
            tags: vec![],
            fields: vec![],
        };
        ids.push(hannah.new_customer(&body).await?);
    }
    let display = Display::start(&world.place, &world.environment).await?;
    let window = world.desk(&display, "lin", Opening::silent("lin")).await?;
    // Nobody has this number.
    let stranger = world.customer_calls(NEW_NUMBER).await?;
    window.find(Role::Button, ANSWER).await?;
    window.find(Role::TextBox, NAME).await?;
    assert_eq!(window.value(NUMBER).await?, NEW_NUMBER);
    ensure!(world.administrator.cards(NEW_NUMBER).await?.is_empty());
    world.administrator.hang_up_customer(stranger).await?;
    window.find(Role::Button, READY).await?;

    let customer = world.customer_calls(SHARED).await?;
    let call = world.waits(customer).await?;
    window.find(Role::Button, ANSWER).await?;
    window
        .shows(&["Several customers share this number"], PATIENCE)
        .await?;
    window.picture_of("several").await?;
    window.click(Role::Button, ANSWER).await?;
    choose(&window, "Ada Marsh").await?;
    window.click(Role::Button, &["Somebody else"]).await?;
    choose(&window, "Ben Marsh").await?;
    window.find(Role::Button, &["Edit profile"]).await?;
    window.picture_of("chosen").await?;
    window.press("Shift+Escape").await?;
    window.find(Role::Button, WRAP_UP).await?;
    window
        .type_into(Role::TextBox, SUMMARY, "Asked for the invoice.")
        .await?;
    window
        .choose(&["Disposition"], &["Enquiry / Invoice"])
        .await?;
    window.press("Ctrl+Enter").await?;
    window.shows(&["Synced"], PATIENCE).await?;
    let wrap_ups = world.administrator.wrap_ups_of(call).await?;
    let chosen: Vec<_> = wrap_ups.iter().map(|row| row.body.customer).collect();
    assert_eq!(chosen, [Some(ids[1])]);
    shown(
        &[37],
        "window: an unknown number brings a form for a new customer with the number in it; several customers bring a choice, which can be changed, and the chosen profile opens",
        "centre: nobody has the one number; the wrap-up of the other's call is about the customer who was chosen",
    )?;
    window.close().await.map(drop)
}

/// Picks one of several; the row holds more than the name.
async fn choose(window: &Window, name: &str) -> Result<()> {
    let button = eventually("the choice", PATIENCE, async || {
        let names = window.names(Role::Button).await?;
        names
            .into_iter()
            .find(|button| button.contains(name))
            .context("not offered")
    })
    .await?;
    window.click(Role::Button, &[&button]).await
}
