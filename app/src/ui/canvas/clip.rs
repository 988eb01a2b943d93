//! Copying and pasting, by the system's clipboard, and so between tabs too.

use super::state::CanvasCtl;
use automl_core::document::Place;
use leptos::prelude::*;
use trellis_page::flow::clipboard::{from_text, part, paste, shift_to, to_text};
use trellis_page::flow::geometry::GRID;
use trellis_page::flow::selection::Item;
use wasm_bindgen_futures::JsFuture;

/// How far a copy lies from what it is of.
const ASIDE: f64 = 3.0 * GRID;

impl CanvasCtl {
    /// What is selected as text.
    pub(super) fn selected_text(self) -> Option<String> {
        let selection = self.flow.selection.get_untracked();
        let part = self.with(|document, scene, _| part(document, scene, &selection))?;
        let text = to_text(&part);
        self.clip.set_value((text.clone(), 0));
        let count = part.nodes().len() + part.layout().notes.len();
        self.say(format!("{count} copied."));
        Some(text)
    }

    pub fn copy(self) {
        let Some(text) = self.selected_text() else { return self.say("Select what to copy first.") };
        if let Some(window) = web_sys::window() {
            let writing = window.navigator().clipboard().write_text(&text);
            // Where the browser refuses, it can still be pasted in this tab.
            wasm_bindgen_futures::spawn_local(async move { drop(JsFuture::from(writing).await) });
        }
    }

    pub fn cut(self) {
        self.copy();
        self.cut_selection();
    }

    /// Removes what was copied.
    pub(super) fn cut_selection(self) {
        self.delete_selection();
    }

    /// Pastes what the clipboard holds, or, where the browser does not tell, what was copied in this tab.
    pub fn paste(self) {
        let Some(window) = web_sys::window() else { return };
        let reading = window.navigator().clipboard().read_text();
        wasm_bindgen_futures::spawn_local(async move {
            let read = JsFuture::from(reading).await.ok().and_then(|text| text.as_string());
            let is_pasted = read.is_some_and(|text| self.paste_text(&text));
            let kept = self.clip.get_value().0;
            if !is_pasted && !self.paste_text(&kept) {
                self.say("The clipboard holds no part of a pipeline.");
            }
        });
    }

    /// Pastes a text, if it is a part of a pipeline.
    pub(super) fn paste_text(self, text: &str) -> bool {
        let part = match from_text(text) {
            None => return false,
            Some(Ok(part)) => part,
            Some(Err(diagnostic)) => {
                self.flow.trouble.set(vec![diagnostic]);
                return true;
            }
        };
        let times = self.clip.try_update_value(|(last, times)| {
            *times = if last == text { *times + 1 } else { 1 };
            text.clone_into(last);
            f64::from(*times - 1)
        });
        // Again at the same place would cover the first.
        let aside = times.unwrap_or(0.0) * ASIDE;
        let at = self.to_world(self.wanted());
        let by = shift_to(&part, Place { x: at.x + aside, y: at.y + aside });
        self.add_part(&part, by, "Paste");
        true
    }

    pub fn duplicate(self) {
        let selection = self.flow.selection.get_untracked();
        match self.with(|document, scene, _| part(document, scene, &selection)) {
            Some(part) => self.add_part(&part, Place { x: ASIDE, y: ASIDE }, "Duplicate"),
            None => self.say("Select what to duplicate first."),
        }
    }

    fn add_part(self, part: &automl_core::document::PipelineDocument, by: Place, verb: &str) {
        let (edits, items) = self.with(|document, _, _| paste(document, part, by));
        let count = items.len();
        let label = format!("{verb} {count} item{}", if count == 1 { "" } else { "s" });
        if self.edit(&label, edits) {
            self.say(format!("{label}: done."));
            let first = items.iter().find(|item| matches!(item, Item::Node(_))).cloned();
            self.select(items);
            if let Some(first) = first {
                self.focus_on(first);
            }
        }
    }
}
