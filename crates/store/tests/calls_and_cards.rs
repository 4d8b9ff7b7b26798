//! The call list and the copies of customers' records.

mod support;

use offhook_model::{LegOutcome, Wall};
use support::{card, home, leg, number, unlocked};

#[tokio::test]
async fn the_call_list_is_newest_first_and_a_leg_has_one_row() {
    let home = home();
    let store = unlocked(home.path()).await;
    for (n, offered_at) in [(1, 10), (2, 30), (3, 20)] {
        store
            .record_leg(&leg(n, offered_at))
            .await
            .expect("recorded");
    }
    let mut answered = leg(3, 20);
    answered.outcome = Some(LegOutcome::Connected);
    store.record_leg(&answered).await.expect("recorded");
    assert_eq!(
        store.legs(Wall(0)).await.expect("legs"),
        [leg(2, 30), answered.clone(), leg(1, 10)]
    );
    assert_eq!(
        store.legs(Wall(20)).await.expect("legs"),
        [leg(2, 30), answered]
    );
}

#[tokio::test]
async fn a_card_is_found_by_each_of_its_numbers_and_by_the_latest_ones() {
    let home = home();
    let store = unlocked(home.path()).await;
    store
        .keep_card(&card(1, "陈雨桐", &["12800550142", "+86 10 5555 0100"]))
        .await
        .expect("kept");
    store
        .keep_card(&card(2, "陈家", &["12800550142"]))
        .await
        .expect("kept");
    let by = async |text: &str| {
        let cards = store.cards_by_number(&number(text)).await.expect("cards");
        cards
            .into_iter()
            .map(|card| card.customer.name)
            .collect::<Vec<_>>()
    };
    assert_eq!(by("128 0055 0142").await, ["陈家", "陈雨桐"]);
    assert_eq!(by("+861055550100").await, ["陈雨桐"]);
    assert_eq!(by("12800550143").await, Vec::<String>::new());

    store
        .keep_card(&card(1, "陈雨桐", &["12800550199"]))
        .await
        .expect("kept");
    assert_eq!(by("12800550142").await, ["陈家"]);
    assert_eq!(by("12800550199").await, ["陈雨桐"]);
    store.check().await.expect("whole");
}
