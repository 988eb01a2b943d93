//! What a chain makes of a table, before anything is trained: columns and types.
//!
//! For this the chain is fitted on all rows once. Of that no more is used than which columns there are, their types and
//! sizes, and which columns that come in they are made of: nothing of it is in any model, score or remark. The question
//! itself (task, classes, doubts) is asked of the table before the first step that learns.

use super::{Chain, Doing, FittedChain, at_node, changed_if_fit, params_of, same};
use crate::diagnostic::Diagnostic;
use crate::engine::target::find_column;
use crate::table::{Column, Table};

/// Columns that are each tried by themselves.
const MOST_TRIED: usize = 64;

/// A chain with what it makes of a table.
pub(in crate::engine) struct Looked {
    chain: Chain,
    fitted: FittedChain,
    /// Before the first step that learns: where the target stands.
    pub asked: Table,
    /// After the last.
    pub after: Table,
}

impl Chain {
    /// Fits on all rows of `table` that have a target.
    ///
    /// # Errors
    /// As [`Chain::fit`].
    pub fn look(self, table: &Table, seed: u64) -> Result<Looked, Vec<Diagnostic>> {
        let mut asked = table.clone();
        for link in &self.links {
            let (Some(Doing::Apart(operation)), Ok(params)) =
                (Doing::of(&link.kind), params_of(&link.params))
            else {
                break;
            };
            asked = changed_if_fit(operation, &params, &asked).map_err(|found| at_node(&link.node, found))?;
        }
        let target = find_column(&asked, &self.target).map_err(|d| vec![d])?;
        let known: Vec<u32> = (0..table.rows).filter(|&r| !target.is_missing(r)).map(|r| r as u32).collect();
        let (fitted, _) = if known.len() == table.rows {
            self.fit(table, seed)?
        } else {
            self.fit(&table.take(&known), seed)?
        };
        let after = fitted.apply_whole(table, None).map_err(|d| vec![d])?;
        Ok(Looked { chain: self, fitted, asked, after })
    }
}

impl Looked {
    /// The chain, once it is known which of the columns after it are `features`: what they are not made of is withheld
    /// from rows that are predicted.
    ///
    /// # Errors
    /// Where features are made of the target or of the weights.
    pub fn settled(&self, table: &Table, features: &[&Column]) -> Result<Chain, Diagnostic> {
        let chain = &self.chain;
        let beside = |name: &str| name == chain.target || chain.weights.as_deref() == Some(name);
        let names = || table.columns.iter().map(|c| c.name.as_str());
        let mut withheld: Vec<&str> = names().filter(|n| beside(n)).collect();
        let doubtful: Vec<&str> =
            names().filter(|n| !beside(n) && features.iter().all(|f| f.name != **n)).collect();
        let all: Vec<&str> = withheld.iter().chain(&doubtful).copied().collect();
        if self.made_of(table, features, &all).is_none() {
            withheld = all;
        } else if let Some(feature) = self.made_of(table, features, &withheld) {
            return Err(made_of_target(&feature, &chain.target));
        } else {
            for name in doubtful.into_iter().take(MOST_TRIED) {
                withheld.push(name);
                if self.made_of(table, features, &withheld).is_some() {
                    withheld.pop();
                }
            }
        }
        Ok(Chain { withheld: withheld.into_iter().map(str::to_owned).collect(), ..chain.clone() })
    }

    /// The first feature that changes where these columns are missing.
    fn made_of(&self, table: &Table, features: &[&Column], columns: &[&str]) -> Option<String> {
        if columns.is_empty() {
            return None;
        }
        let Ok(without) = self.fitted.apply_withholding(table, columns) else {
            return Some(features.first().map_or(String::new(), |f| f.name.clone()));
        };
        let differs = |f: &&&Column| without.column(&f.name).is_none_or(|c| !same(c, f));
        features.iter().find(differs).map(|f| f.name.clone())
    }
}

fn made_of_target(feature: &str, target: &str) -> Diagnostic {
    Diagnostic::error(
        "chain.target_in_features",
        format!("\"{feature}\" is made of the target \"{target}\", or of the weights, which rows to predict do not have."),
        "Leave the target out of the step that makes this column, or ignore the column.",
    )
    .at_column(feature)
}
