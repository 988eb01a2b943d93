//! All kinds of nodes that a document can be run with.

use super::kinds::{self, EngineKind};
use crate::kind::{self, KindSpec, Operation, PortType, Rows, Step};
use crate::numeric::sort_few_by_key;
use std::sync::OnceLock;

/// What runs a kind.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Its table is supplied.
    Source,
    Operation(&'static dyn Operation),
    Step(&'static dyn Step),
    Engine(EngineKind),
}

/// A kind: its declaration and what runs it.
pub(super) struct Kind {
    pub spec: KindSpec,
    pub does: Does,
}

impl Kind {
    pub fn trains(&self) -> bool {
        matches!(self.does, Does::Engine(kind) if kind.trains())
    }

    /// Whether it changes the rows of one table one by one, and so can be done inside folds.
    pub fn is_row_wise(&self) -> bool {
        let one_table = |ports: &[kind::PortSpec]| matches!(ports, [p] if p.ty == PortType::Table && !p.many);
        self.spec.rows != Rows::Together && one_table(&self.spec.inputs) && one_table(&self.spec.outputs)
    }
}

fn all() -> &'static [Kind] {
    static ALL: OnceLock<Vec<Kind>> = OnceLock::new();
    ALL.get_or_init(|| {
        let sources = kind::sources().into_iter().map(|spec| Kind { spec, does: Does::Source });
        let operations =
            kind::operations().iter().map(|o| Kind { spec: o.spec(), does: Does::Operation(*o) });
        let steps = kind::steps().iter().map(|s| Kind { spec: s.spec(), does: Does::Step(*s) });
        let engine = kinds::all().into_iter().map(|(spec, k)| Kind { spec, does: Does::Engine(k) });
        let mut all: Vec<Kind> = sources.chain(operations).chain(steps).chain(engine).collect();
        sort_few_by_key(&mut all, |k| k.spec.group);
        all
    })
}

/// The declarations of all kinds, in the palette's order.
pub fn catalogue() -> Vec<KindSpec> {
    all().iter().map(|k| k.spec.clone()).collect()
}

pub(super) fn find(id: &str) -> Option<&'static Kind> {
    all().iter().find(|k| k.spec.id == id)
}
