//! What was found out a moment ago and holds as long as nothing was written since: who asks, and what they may. Where other
//! processes write to the database too, nothing is kept.

use crate::store::Store;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Things that are kept at most; when there are more, all are forgotten.
const MOST: usize = 4_096;
/// How long a thing is kept at most: rights expire without anything being written.
const LONGEST: Duration = Duration::from_secs(1);

/// A thing, where the store stood before it was found out, and when that was.
type Kept<V> = (V, u64, Instant);

/// See the module.
pub struct Known<K, V>(Mutex<BTreeMap<K, Kept<V>>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Known<K, V> {
    /// What is known, or what `find` finds out.
    ///
    /// # Errors
    /// Those of `find`; they are not kept.
    pub async fn get<E>(
        &self,
        store: &Store,
        key: K,
        find: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        // From before it is looked for: what is written meanwhile makes it old at once.
        let (Some(mark), begun) = (store.mark(), Instant::now()) else { return find.await };
        let fresh = |(_, then, when): &&Kept<V>| *then == mark && begun.duration_since(*when) < LONGEST;
        if let Some((value, _, _)) = self.lock().get(&key).filter(fresh) {
            return Ok(value.clone());
        }
        let value = find.await?;
        let mut all = self.lock();
        if all.len() >= MOST {
            all.clear();
        }
        all.insert(key, (value.clone(), mark, begun));
        Ok(value)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<K, Kept<V>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    #[tokio::test]
    async fn what_was_written_makes_it_old() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::sqlite(folder.path()).await.expect("a store");
        let known = Known::default();
        let get = async |key: &'static str, value: i32| {
            known.get(&store, key, async { Ok::<_, Infallible>(value) }).await.expect("a value")
        };
        assert_eq!((get("a", 1).await, get("a", 2).await, get("b", 3).await), (1, 1, 3));
        store.add_account("somebody", None, false).await.expect("an account");
        assert_eq!((get("a", 4).await, get("b", 5).await), (4, 5));
        // What is written while it is looked for.
        let slow = async {
            store.add_account("else", None, false).await.expect("an account");
            Ok::<_, Infallible>(6)
        };
        assert_eq!(known.get(&store, "c", slow).await, Ok(6));
        assert_eq!(get("c", 7).await, 7);
    }

    #[tokio::test]
    async fn no_more_is_kept_than_may_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::sqlite(folder.path()).await.expect("a store");
        let known = Known::default();
        for key in 0..=MOST {
            assert_eq!(known.get(&store, key, async { Ok::<_, Infallible>(key) }).await, Ok(key));
        }
        assert_eq!(known.lock().len(), 1);
        let failing = known.get(&store, 9, async { Err::<usize, _>("no") }).await;
        assert_eq!((failing, known.get(&store, 9, async { Ok::<_, &str>(9) }).await), (Err("no"), Ok(9)));
    }
}
