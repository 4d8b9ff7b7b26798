//! The call list in the window, beside the legs that the centre has on record.

use crate::{
    api::Api,
    centre::PASSWORD,
    desktop::Role,
    place::eventually,
    window::{Language, Window},
    work::PATIENCE,
    world::World,
};
use anyhow::{Result, ensure};
use offhook_model::{LegOutcome, LegRecord};

/// A filter of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawer {
    /// All.
    All,
    /// They talked.
    Normal,
    /// All that is neither.
    Missed,
    /// The caller left while it rang.
    Abandoned,
}

impl Drawer {
    /// All filters.
    pub const ALL: [Self; 4] = [Self::All, Self::Normal, Self::Missed, Self::Abandoned];

    const fn names(self) -> &'static [&'static str] {
        match self {
            Self::All => &["All", "全部"],
            Self::Normal => &["Connected", "正常"],
            Self::Missed => &["Missed", "未接通"],
            Self::Abandoned => &["Abandoned", "振铃放弃"],
        }
    }

    /// Tells whether a leg belongs here, by its outcome at the centre alone.
    #[must_use]
    pub fn holds(self, leg: &LegRecord) -> bool {
        let normal = leg.outcome == Some(LegOutcome::Connected);
        let abandoned = leg.outcome == Some(LegOutcome::AbandonedWhileRinging);
        match self {
            Self::All => true,
            Self::Normal => normal,
            Self::Missed => leg.outcome.is_some() && !normal && !abandoned,
            Self::Abandoned => abandoned,
        }
    }
}

/// What the list showed: the rows of each filter.
#[derive(Debug)]
pub struct CallList(Vec<(Drawer, Vec<String>)>);

impl CallList {
    /// Turns to the list and reads every filter.
    ///
    /// # Errors
    /// There is no list.
    pub async fn read(window: &Window) -> Result<Self> {
        window.click(Role::Button, &["Calls", "通话列表"]).await?;
        let mut drawers = Vec::new();
        for drawer in Drawer::ALL {
            window.click(Role::Radio, drawer.names()).await?;
            drawers.push((drawer, rows(window).await?));
        }
        window.click(Role::Radio, Drawer::All.names()).await?;
        Ok(Self(drawers))
    }

    /// Tells the rows of a filter.
    #[must_use]
    pub fn rows(&self, wanted: Drawer) -> &[String] {
        self.0
            .iter()
            .find(|(drawer, _)| *drawer == wanted)
            .map_or(&[], |(_, rows)| rows)
    }

    /// Holds it against what the centre has of this agent, who is signed out of the window by that: each filter has exactly its own
    /// legs, newest first, with direction, number, name, result and length.
    ///
    /// # Errors
    /// They differ, or the centre refuses.
    pub async fn agrees(
        &self,
        world: &World,
        username: &str,
        language: Language,
    ) -> Result<Vec<LegRecord>> {
        let agent = Api::sign_in(&world.centre.http, username, PASSWORD).await?;
        let legs = agent.legs().await?;
        ensure!(legs.is_sorted_by(|one, next| one.offered_at >= next.offered_at));
        for (drawer, rows) in &self.0 {
            let own: Vec<_> = legs.iter().filter(|leg| drawer.holds(leg)).collect();
            ensure!(rows.len() == own.len(), "{drawer:?}: {rows:?} for {own:?}");
            for (row, leg) in rows.iter().zip(own) {
                for part in parts(leg, language) {
                    ensure!(row.contains(&part), "{drawer:?}: no {part:?} in {row:?}");
                }
            }
        }
        Ok(legs)
    }
}

/// Reads the rows that are there now, without the head.
///
/// # Errors
/// The window is gone.
pub async fn rows(window: &Window) -> Result<Vec<String>> {
    let mut rows = window.all(Role::Row).await?;
    if !rows.is_empty() {
        rows.remove(0);
    }
    Ok(rows)
}

/// Waits until the list's first row holds all of these.
///
/// # Errors
/// It does not in time.
pub async fn begins_with(window: &Window, parts: &[&str]) -> Result<String> {
    eventually("the newest row", PATIENCE, async || {
        let rows = rows(window).await?;
        let first = rows.first().cloned().unwrap_or_default();
        ensure!(parts.iter().all(|part| first.contains(part)), "{first:?}");
        Ok(first)
    })
    .await
}

/// What a row must say of a leg.
fn parts(leg: &LegRecord, language: Language) -> Vec<String> {
    let of = |english: &str, chinese: &str| match language {
        Language::English => english.to_owned(),
        Language::Chinese => chinese.to_owned(),
    };
    let mut parts = vec![match leg.direction {
        offhook_model::Direction::Inbound => of("Inbound", "呼入"),
        offhook_model::Direction::Outbound => of("Outbound", "外呼"),
    }];
    parts.push(match &leg.customer {
        Some(customer) => customer.name.clone(),
        None => of("Unknown number", "未知号码"),
    });
    if let Some(number) = &leg.number {
        parts.push(grouped(number.as_str()));
    }
    for (drawer, english, chinese) in [
        (Drawer::Normal, "Connected", "正常"),
        (Drawer::Missed, "Missed", "未接通"),
        (Drawer::Abandoned, "Abandoned", "振铃放弃"),
    ] {
        if drawer.holds(leg) {
            parts.push(of(english, chinese));
        }
    }
    parts.push(match (leg.answered_at, leg.ended_at) {
        (Some(from), Some(to)) => {
            let seconds = to.since(from).as_secs();
            format!("{}:{:02}", seconds / 60, seconds % 60)
        }
        _ => "—".into(),
    });
    parts
}

/// Writes a mobile number as the window does; others as they come.
#[must_use]
pub fn grouped(number: &str) -> String {
    match number.len() {
        11 if number.starts_with('1') => {
            format!("{} {} {}", &number[..3], &number[3..7], &number[7..])
        }
        _ => number.to_owned(),
    }
}
