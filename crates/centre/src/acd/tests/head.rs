//! What rang in vain stands at the head of its queue again, and everybody is told how long the queue is.

use super::*;

/// One agent's phone rings for call 1; calls 2, 3 and 4 wait.
fn three_wait() -> (Day, LegId, Wall) {
    let mut day = Day::with_agents(1);
    day.arrive(1);
    let leg = day.ringing(1, 1);
    for n in 2..=4 {
        day.pass(1_000);
        day.arrive(n);
    }
    assert_eq!(day.acd.waiting(group_id(1)), [2, 3, 4].map(call_id));
    let first = day.call(1).arrived_at;
    day.effects.clear();
    (day, leg, first)
}

fn told(day: &Day) -> Vec<u32> {
    day.effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::QueuesChanged(queues) => Some(queues[0].waiting),
            _ => None,
        })
        .collect()
}

#[test]
fn ring_no_answer_declined_and_busy_go_back_before_who_came_later() {
    for (why, presence) in [
        (None, Presence::Break),
        (Some(Refusal::Declined), Presence::Break),
        (Some(Refusal::Busy), Presence::Ready),
        (Some(Refusal::Unreachable), Presence::Ready),
    ] {
        let (mut day, leg, first) = three_wait();
        match why {
            None => day.pass(30_000),
            Some(why) => day.input(Input::Refused { leg, why }),
        }
        assert_eq!(day.presence(1).0, presence, "{why:?}");
        assert_eq!(
            day.acd.waiting(group_id(1)),
            [1, 2, 3, 4].map(call_id),
            "{why:?}"
        );
        let queue = &day.acd.queues()[0];
        assert_eq!((queue.waiting, queue.oldest_since), (4, Some(first)));
        assert_eq!(told(&day), [4], "{why:?}");
        // Back to Ready in one action, or after the pause: the head comes first.
        day.check_in(1);
        day.input(Input::Registered { agent: agent_id(1) });
        day.ringing(1, 1);
        assert_eq!(day.acd.waiting(group_id(1)), [2, 3, 4].map(call_id));
        assert_eq!(told(&day), [4, 3], "{why:?}");
    }
}

#[test]
fn each_change_of_the_queue_is_told_once() {
    let mut day = Day::with_agents(0);
    for n in 1..=3 {
        day.arrive(n);
    }
    day.input(Input::Gone { call: call_id(2) });
    assert_eq!(told(&day), [1, 2, 3, 2]);
    assert_eq!(day.acd.waiting(group_id(1)), [1, 3].map(call_id));
}
