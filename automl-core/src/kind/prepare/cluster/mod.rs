//! Rows sorted into clusters of rows that are alike (k-means).

mod kmeans;

use super::columns::{Changed, LARGEST, Names, category_column, chosen, column_fields, number_column, whole};
use super::matrix::Source;
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::table::{ColumnType, Table};
use kmeans::Points;
use serde::{Deserialize, Serialize};
use serde_json::json;

const TYPES: [ColumnType; 2] = [ColumnType::Numeric, ColumnType::Boolean];
const MOST_CLUSTERS: usize = 200;
/// Most clusters where the number is chosen by silhouette.
const MOST_CHOSEN: usize = 50;
/// Rows at most, evenly spaced, that the clusters are found in.
const FITTED_ROWS: usize = 20_000;
/// Rows whose distances are reckoned at a time.
const BLOCK: usize = 4096;

/// `prepare.cluster`.
pub struct Cluster;

/// The centres of clusters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedCluster {
    sources: Vec<Source>,
    /// Clusters × sources, the largest cluster first.
    centres: Vec<f64>,
    clusters: u32,
    /// The column that says which cluster.
    name: String,
    /// Columns of the distances to each centre; empty where they are not wanted.
    distances: Vec<String>,
}

impl Step for Cluster {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.cluster",
            "Find clusters",
            Group::Prepare,
            Rows::Fitted,
            "Adds a column that says which group of similar rows a row belongs to.",
        );
        spec.more = "Rows are alike where their numbers are near each other, each column scaled to the same weight \
            first; missing numbers count as the column's mean.\nThe silhouette says how much nearer rows are to \
            their own cluster than to the next one; the number of clusters with the best one is taken."
            .to_owned();
        spec.words = "k-means kmeans cluster segment group silhouette".to_owned();
        spec.fields = column_fields(&TYPES, "all columns of numbers");
        spec.fields.extend([
            FieldSpec::choice(
                "by",
                "How many",
                "What decides how many clusters there are.",
                &[("number", "A number"), ("silhouette", "The best silhouette")],
            ),
            FieldSpec::integer("clusters", "Clusters", "How many.", 3, (1, MOST_CLUSTERS as i64), (2, 20))
                .only_if("by", &[json!("number")]),
            FieldSpec::integer(
                "from",
                "At least",
                "Fewest clusters to try.",
                2,
                (2, MOST_CHOSEN as i64),
                (2, 10),
            )
            .only_if("by", &[json!("silhouette")]),
            FieldSpec::integer("to", "At most", "Most clusters to try.", 8, (2, MOST_CHOSEN as i64), (2, 20))
                .only_if("by", &[json!("silhouette")]),
            FieldSpec::flag(
                "distances",
                "Distances",
                "Adds a column for each cluster with the distance to its centre.",
                false,
            ),
            FieldSpec::text("name", "Column", "What the new column is called.", "cluster").advanced(),
        ]);
        spec.example = Some(Example::new(
            &[("table", "x,y\n1,1\n1,2\n2,1\n9,9\n9,8\n")],
            json!({"clusters": 2}),
            "The first three rows become cluster 1, the last two cluster 2.",
        ));
        spec
    }

    fn fit(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        seed: u64,
    ) -> Result<FittedStep, Vec<Finding>> {
        let mut free = Names::beside(table, &[]);
        let fit = |name| Source::fit(table, name, rows, true, true);
        let sources: Vec<Source> = chosen(given, table, &TYPES, "")?.into_iter().map(fit).collect();
        let stride = rows.len().div_ceil(FITTED_ROWS).max(1);
        let seen: Vec<u32> = rows.iter().copied().step_by(stride).collect();
        let columns: Vec<Vec<f64>> = sources.iter().map(|s| s.values(table, Some(&seen))).collect();
        let points = Points::of_columns(&columns, seen.len());
        let centres = if given.text("by") == "silhouette" {
            let from = whole(given, "from", (2, MOST_CHOSEN));
            kmeans::best_by_silhouette(&points, from..=whole(given, "to", (from, MOST_CHOSEN)), seed)
        } else {
            kmeans::fit(&points, whole(given, "clusters", (1, MOST_CLUSTERS)), seed)
        };
        let clusters = centres.count();
        let name = given.text("name");
        let name = free.free(if name.is_empty() { "cluster".to_owned() } else { name });
        let distances = if given.flag("distances") {
            (1..=clusters).map(|i| free.free(format!("distance to {name} {i}"))).collect()
        } else {
            Vec::new()
        };
        let centres = centres.into_values();
        Ok(FittedStep::Cluster(FittedCluster {
            sources,
            centres,
            clusters: clusters as u32,
            name,
            distances,
        }))
    }
}

#[cfg(test)]
pub(super) fn silhouette_of(table: &Table, names: &[&str], member_of: &[usize]) -> f64 {
    let rows: Vec<u32> = (0..table.rows as u32).collect();
    let fit = |name: &&str| Source::fit(table, (*name).to_owned(), &rows, true, true);
    let columns: Vec<Vec<f64>> = names.iter().map(fit).map(|s| s.values(table, None)).collect();
    let clusters = member_of.iter().max().map_or(0, |k| k + 1);
    kmeans::silhouette(&Points::of_columns(&columns, table.rows), member_of, clusters)
}

impl FittedCluster {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let width = self.sources.len();
        let clusters = (self.clusters as usize).min(MOST_CLUSTERS);
        let mut nearest = vec![(f64::INFINITY, 0u32); table.rows];
        let mut distances: Vec<Vec<f64>> = self.distances.iter().map(|_| Vec::new()).collect();
        let columns: Vec<Vec<f64>> = self.sources.iter().map(|s| s.values(table, None)).collect();
        let mut squares = [0.0f64; BLOCK];
        for k in 0..clusters {
            for (block, nearest) in nearest.chunks_mut(BLOCK).enumerate() {
                let squares = &mut squares[..nearest.len()];
                squares.fill(0.0);
                for (j, column) in columns.iter().enumerate() {
                    let centre = self.centres.get(k * width + j).copied().unwrap_or(0.0);
                    for (square, x) in squares.iter_mut().zip(&column[block * BLOCK..]) {
                        *square += (x - centre) * (x - centre);
                    }
                }
                for (best, &square) in nearest.iter_mut().zip(squares.iter()) {
                    if square < best.0 {
                        *best = (square, k as u32);
                    }
                }
                if let Some(distances) = distances.get_mut(k) {
                    distances.extend(squares.iter().map(|s| s.sqrt().min(LARGEST)));
                }
            }
        }
        let mut changed = Changed::of(table);
        let codes = nearest.iter().map(|n| n.1).collect();
        let levels = (1..=clusters.max(1)).map(|k| k.to_string()).collect();
        changed.add(category_column(&self.name, codes, levels));
        for (name, mut distances) in self.distances.iter().zip(distances) {
            distances.resize(table.rows, f64::NAN);
            changed.add(number_column(name, distances));
        }
        changed.table()
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        let clusters = self.clusters as usize;
        let sized = (1..=MOST_CLUSTERS).contains(&clusters)
            && self.sources.len().checked_mul(clusters) == Some(self.centres.len())
            && [0, clusters].contains(&self.distances.len());
        let sound = self.sources.iter().all(Source::is_sound);
        if sized && sound && self.centres.iter().all(|x| x.abs() <= LARGEST) {
            Ok(())
        } else {
            Err("clusters that fitting cannot give".to_owned())
        }
    }
}
