//! What scores are held against.

use crate::Done;
use crate::failure::Failure;
use automl_core::engine::protocol::ModelScores;
use automl_core::metric;

/// Scores by node.
pub type Scores = Vec<(String, Vec<ModelScores>)>;

/// `auc>=0.8`, or of one node `evaluate-1:auc>=0.8`.
#[derive(Debug, Clone, PartialEq)]
pub struct Assertion {
    node: Option<String>,
    /// A metric's own id.
    metric: &'static str,
    op: &'static str,
    number: f64,
}

/// Longer ones first, as they begin with the shorter.
const OPS: [&str; 6] = [">=", "<=", "==", "!=", ">", "<"];

impl std::str::FromStr for Assertion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "it is METRIC, one of >= <= > < == !=, and a number, for example auc>=0.8".to_owned();
        let first = OPS.iter().filter_map(|op| Some((text.find(op)?, *op)));
        let (at, op) = first.min_by_key(|(at, op)| (*at, std::cmp::Reverse(op.len()))).ok_or_else(wrong)?;
        let (name, number) = (text[..at].trim(), text[at + op.len()..].trim());
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let (node, name) = match name.rsplit_once(':') {
            Some((node, name)) => (Some(node.trim().to_owned()), name.trim()),
            None => (None, name),
        };
        let metric = metric::find(name).ok_or_else(|| {
            let ids: Vec<&str> = metric::all().iter().map(|m| m.id).collect();
            format!("\"{name}\" is no metric; choose from {}", ids.join(", "))
        })?;
        Ok(Self { node, metric: metric.id, op, number })
    }
}

impl Assertion {
    fn holds(&self, score: f64) -> bool {
        match self.op {
            ">=" => score >= self.number,
            "<=" => score <= self.number,
            "==" => score == self.number,
            "!=" => score != self.number,
            ">" => score > self.number,
            _ => score < self.number,
        }
    }
}

/// Holds scores against what was asserted. Where no node is named all scores must hold.
///
/// # Errors
/// The first that does not hold, with its figure; a score that there is not.
pub fn hold(assertions: &[Assertion], scores: &Scores) -> Done {
    for a in assertions {
        let named = |node: &String| a.node.as_ref().is_none_or(|n| n == node);
        let mut met = 0;
        for (node, all) in scores.iter().filter(|(node, _)| named(node)) {
            for scored in all.iter().flat_map(|s| &s.metrics).filter(|m| m.id == a.metric) {
                met += 1;
                let (asked, shown) = (format!("{} {}", a.op, a.number), scored.score);
                if !shown.is_some_and(|score| a.holds(score)) {
                    let figure = shown.map_or("undefined".to_owned(), |s| s.to_string());
                    return Err(Failure::new(
                        format!("{node}: {} is {figure}, not {asked}", a.metric),
                        "change the pipeline, or assert what it can reach",
                    ));
                }
            }
        }
        if met == 0 {
            let nodes: Vec<&str> = scores.iter().map(|(node, _)| node.as_str()).collect();
            let what = if nodes.is_empty() {
                "no node gave scores".to_owned()
            } else {
                format!("scores were given by {}", nodes.join(", "))
            };
            return Err(Failure::new(
                format!("there is no {} to hold against {}", a.metric, a.number),
                format!("{what}; assert a metric that suits the question"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assertions_are_read() {
        let check = |text: &str, expected: Result<(Option<&str>, &str, &str, f64), ()>| {
            let read = text.parse::<Assertion>();
            let read = read.as_ref().map(|a| (a.node.as_deref(), a.metric, a.op, a.number));
            assert_eq!(read.map_err(drop), expected, "{text}");
        };
        check("auc>=0.8", Ok((None, "roc_auc", ">=", 0.8)));
        check(" rmse < 12 ", Ok((None, "rmse", "<", 12.0)));
        check("evaluate-1:acc==1", Ok((Some("evaluate-1"), "accuracy", "==", 1.0)));
        check("auc", Err(()));
        check("magic>1", Err(()));
        check("auc>much", Err(()));
    }

    #[test]
    fn what_is_missing_does_not_hold() {
        let assertion: Assertion = "auc>0.5".parse().unwrap_or_else(|e| panic!("{e}"));
        assert!(hold(&[assertion], &Vec::new()).is_err());
        assert!(hold(&[], &Vec::new()).is_ok());
    }
}
