//! Questions, answered from the desk at once, from the store in its turn, or when a look-up answers.

use offhook_model::{CallId, Code, LegRecord, PhoneNumber};
use tokio::sync::oneshot;

use crate::actor::Actor;
use crate::own_store::OwnJob;
use crate::query::{Answer, CallRow, Query, Settings};
use crate::store_task::Job;

impl Actor {
    pub(crate) fn answer(&mut self, query: Query, reply: oneshot::Sender<Result<Answer, Code>>) {
        match query {
            Query::Draft { wrap_up } => match self.desk.draft(wrap_up).cloned() {
                None if self.standing.is_some() => {
                    let (ask, answer) = oneshot::channel();
                    self.jobs.push(Job::Own(OwnJob::Kept(wrap_up, ask)));
                    hand_on(answer, reply, |draft| Answer::Draft { draft });
                }
                draft => {
                    // Err, here and below: whoever asked has gone.
                    reply.send(Ok(Answer::Draft { draft })).ok();
                }
            },
            Query::Filed { what } => {
                let (ask, answer) = oneshot::channel();
                self.jobs.push(Job::FiledText(what, ask));
                hand_on(answer, reply, |text| Answer::Filed { text });
            }
            Query::Form => {
                let form = self.desk.form().cloned();
                reply.send(Ok(Answer::Form { form })).ok();
            }
            Query::Card { call } => self.answer_card(call, reply),
            Query::Customers { number } => match &mut self.standing {
                Some(standing) => standing.customers(number, self.edits.clone(), reply),
                None => {
                    reply.send(Err(Code::NotNow)).ok();
                }
            },
            Query::Calls => {
                let (ask, answer) = oneshot::channel();
                self.jobs.push(Job::Calls(ask));
                let right = self.desk.right_to_listen();
                hand_on(answer, reply, move |legs: Vec<LegRecord>| {
                    let row = |leg| CallRow::new(leg, right);
                    Answer::Calls {
                        rows: legs.into_iter().map(row).collect(),
                    }
                });
            }
            Query::Settings => {
                let (ask, answer) = oneshot::channel();
                self.jobs.push(Job::Settings(ask));
                let roots = self.roots.as_ref();
                let roots = roots.map(|file| file.to_string_lossy().into_owned());
                hand_on(answer, reply, |settings| Answer::Settings {
                    settings: Settings { roots, ..settings },
                });
            }
        }
    }

    /// A form that an earlier run left has a number whose card nobody has looked up yet.
    fn answer_card(&mut self, call: CallId, reply: oneshot::Sender<Result<Answer, Code>>) {
        let Err(reply) = self.cards.ask(call, reply) else {
            return;
        };
        match self.number_of(call) {
            Some(Some(number)) if self.standing.is_some() => {
                self.look_up(call, number);
                self.cards.ask(call, reply).ok();
            }
            Some(number) => {
                reply
                    .send(Ok(Answer::Card {
                        number,
                        cards: Vec::new(),
                        stale: false,
                    }))
                    .ok();
            }
            None => {
                reply.send(Err(Code::NotFound)).ok();
            }
        }
    }

    /// The caller's number, where there is such a call or form; inside, where it was not withheld.
    fn number_of(&self, call: CallId) -> Option<Option<PhoneNumber>> {
        let view = self.view.borrow();
        let of_call = view.calls.iter().find(|kept| kept.call == call);
        let of_form = || view.wrap_ups.iter().find(|form| form.call == call);
        of_call
            .map(|kept| kept.number.clone())
            .or_else(|| of_form().map(|form| form.number.clone()))
    }
}

/// Sends an answer on when it comes, without the actor waiting for it.
fn hand_on<T: Send + 'static>(
    answer: oneshot::Receiver<Result<T, Code>>,
    reply: oneshot::Sender<Result<Answer, Code>>,
    wrap: impl FnOnce(T) -> Answer + Send + 'static,
) {
    tokio::spawn(async move {
        let answer = answer.await.unwrap_or(Err(Code::NotNow));
        // Err: whoever asked has gone.
        reply.send(answer.map(wrap)).ok();
    });
}
