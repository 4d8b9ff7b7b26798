//! 提示窗: one desktop notification for each ringing call, taken away when it rings no more.
//!
//! One task owns what is shown; how it is shown is in a file per operating system.

#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "blocking.rs")]
mod system;

use crate::{commands::Desk, window};
use notify_rust::NotificationResponse;
use offhook_desk::Command;
use offhook_model::LegId;
use std::{collections::HashMap, time::Duration};
use tauri::{AppHandle, Manager, async_runtime};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// What a notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The first line.
    pub title: String,
    /// The line below.
    pub body: String,
    /// What a click on it does, for desktops that show it as a button.
    pub open: &'static str,
    /// The button that answers, where the desktop has buttons.
    pub answer: &'static str,
    /// The button that declines.
    pub decline: &'static str,
}

/// What the agent pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pressed {
    /// The notification itself: show the window.
    Open,
    /// 接听, on the notification.
    Answer,
    /// 拒接, on the notification.
    Decline,
}

/// The names of the buttons, as the desktop hands them back.
const ANSWER: &str = "answer";
const DECLINE: &str = "decline";

impl Pressed {
    fn from_response(response: &NotificationResponse) -> Option<Self> {
        match response {
            NotificationResponse::Default => Some(Self::Open),
            NotificationResponse::Action(name) if name == ANSWER => Some(Self::Answer),
            NotificationResponse::Action(name) if name == DECLINE => Some(Self::Decline),
            NotificationResponse::Action(_)
            | NotificationResponse::Reply(_)
            | NotificationResponse::Closed(_) => None,
        }
    }
}

/// The door to the task that owns the notifications.
#[derive(Clone)]
pub struct Notifier {
    orders: mpsc::Sender<Order>,
}

enum Order {
    Show(LegId, Toast),
    Withdraw(LegId),
    End(oneshot::Sender<()>),
}

/// One call rings at a time; what does not fit is a desktop that has stood still for long.
const ORDERS: usize = 32;
/// How long the desktop may take to close the last notification when the program ends.
const LAST: Duration = Duration::from_millis(500);

impl Notifier {
    /// Starts the task. A press raises the window of `app`, answers or declines.
    pub fn start(app: AppHandle) -> Self {
        let (orders, received) = mpsc::channel(ORDERS);
        async_runtime::spawn(own(received, move |leg, pressed| match pressed {
            Pressed::Open => window::raise(&app),
            Pressed::Answer => {
                window::raise(&app);
                send(&app, Command::Answer { leg });
            }
            Pressed::Decline => send(&app, Command::Decline { leg }),
        }));
        Self { orders }
    }

    /// Shows a notification for a leg. Returns at once.
    pub fn show(&self, leg: LegId, toast: Toast) {
        self.order(Order::Show(leg, toast));
    }

    /// Takes the notification of a leg away. Returns at once.
    pub fn withdraw(&self, leg: LegId) {
        self.order(Order::Withdraw(leg));
    }

    /// Takes all away and waits until they are.
    pub async fn end(self) {
        let (done, ended) = oneshot::channel();
        self.order(Order::End(done));
        // Both errors mean that nothing is left to wait for.
        drop(tokio::time::timeout(LAST, ended).await);
    }

    fn order(&self, order: Order) {
        if self.orders.try_send(order).is_err() {
            tracing::warn!("A desktop notification was dropped");
        }
    }
}

/// Hands a command to the phone. Without one nothing can be ringing.
fn send(app: &AppHandle, command: Command) {
    if let Some(phone) = app.state::<Desk>().open_phone() {
        async_runtime::spawn(async move {
            // Err: the phone has shut down, and with it the call.
            phone.send(command).await.ok();
        });
    }
}

async fn own(
    mut orders: mpsc::Receiver<Order>,
    press: impl Fn(LegId, Pressed) + Clone + Send + 'static,
) {
    // Dropping the sender withdraws.
    let mut shown: HashMap<LegId, oneshot::Sender<()>> = HashMap::new();
    let mut toasts = JoinSet::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Show(leg, toast) => {
                let (withdraw, withdrawn) = oneshot::channel();
                shown.insert(leg, withdraw);
                let press = press.clone();
                toasts.spawn(async move {
                    if let Some(pressed) = system::show(toast, withdrawn).await {
                        press(leg, pressed);
                    }
                });
            }
            Order::Withdraw(leg) => drop(shown.remove(&leg)),
            Order::End(done) => {
                shown.clear();
                while toasts.join_next().await.is_some() {}
                // Nobody waits any more: as good.
                done.send(()).ok();
            }
        }
        while toasts.try_join_next().is_some() {}
    }
}
