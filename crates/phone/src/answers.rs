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
                    let job = |ask| Job::Own(OwnJob::Kept(wrap_up, ask));
                    self.ask_store(job, reply, |draft| Answer::Draft { draft });
                }
                draft => {
                    // Err, here and below: whoever asked has gone.
                    reply.send(Ok(Answer::Draft { draft })).ok();
                }
            },
            Query::Filed { what } => {
                let job = |ask| Job::FiledText(what, ask);
                self.ask_store(job, reply, |text| Answer::Filed { text });
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
                let right = self.desk.right_to_listen();
                self.ask_store(Job::Calls, reply, move |legs: Vec<LegRecord>| {
                    let row = |leg| CallRow::new(leg, right);
                    Answer::Calls {
                        rows: legs.into_iter().map(row).collect(),
                    }
                });
            }
            Query::Settings => {
                let roots = self.roots.as_ref();
                let roots = roots.map(|file| file.to_string_lossy().into_owned());
                self.ask_store(Job::Settings, reply, |settings| Answer::Settings {
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

    /// Asks the store in its turn, and sends the answer on when it comes, without the actor waiting for it.
    fn ask_store<T: Send + 'static>(
        &mut self,
        job: impl FnOnce(oneshot::Sender<Result<T, Code>>) -> Job,
        reply: oneshot::Sender<Result<Answer, Code>>,
        wrap: impl FnOnce(T) -> Answer + Send + 'static,
    ) {
        let (ask, answer) = oneshot::channel();
        self.jobs.push(job(ask));
        tokio::spawn(async move {
            let answer = answer.await.unwrap_or(Err(Code::NotNow));
            // Err: whoever asked has gone.
            reply.send(answer.map(wrap)).ok();
        });
    }
}
