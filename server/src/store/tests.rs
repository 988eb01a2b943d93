//! One suite for both databases: what holds on one holds on the other.

use super::testing::{Cluster, sqlite};
use super::*;
use std::fmt::Debug;

fn conflict<T: Debug>(result: Result<T>) {
    assert!(matches!(result, Err(StoreError::Conflict(_))), "{result:?}");
}

fn absent<T: Debug>(result: Result<T>) {
    assert!(matches!(result, Err(StoreError::Absent(_))), "{result:?}");
}

/// A project of a new account: (account, project).
async fn project(store: &Store) -> (String, String) {
    let owner = store.add_account(&new_id(), None, false).await.expect("account").id;
    let project = store.add_project(&NewProject::plain(), "churn", &owner).await.expect("project").id;
    (owner, project)
}

async fn run(store: &Store, project: &str, priority: i64) -> Run {
    let run = Run::from(NewRun { project, work: "{}", priority, author: "a" });
    store.add_run(&run, None).await.expect("run");
    run
}

async fn keys_go_with_their_projects(store: Store) {
    let (owner, plain) = project(&store).await;
    assert!(!store.has_sealed().await.expect("asked"));
    let of = async |project: &str| store.project_key(project).await;
    let kept = |id: &str, wrapped: Option<&[u8]>, sealed| KeptKey {
        project: id.to_owned(),
        sealed,
        wrapped: wrapped.map(<[u8]>::to_vec),
    };
    assert_eq!(of(&plain).await.expect("a project"), kept(&plain, None, 0));

    let new = NewProject { wrapped: Some(b"wrapped".to_vec()), ..NewProject::plain() };
    let sealed = store.add_project(&new, "sealed", &owner).await.expect("project").id;
    assert_eq!(sealed, new.id);
    let both = [&plain, &sealed].map(String::as_str);
    let bundle = Bundle { name: "taken in".to_owned(), ..Bundle::default() };
    let taken = NewProject { wrapped: Some(b"another".to_vec()), ..NewProject::plain() };
    store.import_project(&taken, &bundle, &owner).await.expect("project");
    assert!(store.has_sealed().await.expect("asked"));
    assert_eq!(of(&sealed).await.expect("a project"), kept(&sealed, Some(b"wrapped"), 1));
    assert_eq!(of(&taken.id).await.expect("a project"), kept(&taken.id, Some(b"another"), 1));
    for project in both {
        let run = run(&store, project, 0).await;
        assert_eq!(store.run_key(&run.id).await.expect("a run"), of(project).await.expect("a project"));
    }
    absent(store.run_key("none").await);

    store.delete_project(&sealed).await.expect("gone");
    absent(of(&sealed).await);
    store.delete_project(&taken.id).await.expect("gone");
    assert!(!store.has_sealed().await.expect("asked"));
    absent(of(&taken.id).await);

    // The first key that comes is the one, whoever asks.
    for check in [b"one", b"two"] {
        assert_eq!(store.key_check(check).await.expect("a check"), b"one");
    }
    let name = store.database_name().await.expect("a name");
    assert!(super::is_id(&name) && store.database_name().await.expect("a name") == name);
}

async fn people(store: Store) {
    let ada = store.add_account("ada", Some("phc"), false).await.expect("account");
    conflict(store.add_account("ada", None, false).await);
    assert_eq!(store.account_named("ada").await.expect("ada"), ada);
    assert_eq!(store.account(&ada.id).await.expect("ada"), ada);
    absent(store.account_named("bob").await);

    store.add_session(b"s1", &ada.id, 1_000).await.expect("session");
    assert_eq!(store.session_account(b"s1", 999).await.expect("session"), ada);
    absent(store.session_account(b"s1", 1_000).await);
    store.end_session(b"s1").await.expect("end");
    absent(store.session_account(b"s1", 0).await);

    let token = store.add_token(&ada.id, "ci", b"t1", Scope::Predict, Some(2_000)).await.expect("token");
    let (account, used) = store.use_token(b"t1", 1_999).await.expect("token");
    assert_eq!((account.id.as_str(), used.scope.as_str()), (ada.id.as_str(), "predict"));
    absent(store.use_token(b"t1", 2_000).await);
    absent(store.revoke_token("somebody", &token.id).await);
    store.revoke_token(&ada.id, &token.id).await.expect("revoke");
    absent(store.use_token(b"t1", 0).await);

    let (owner, project) = project(&store).await;
    assert_eq!(store.role(&project, &owner).await.expect("role"), Some(Role::Owner));
    assert_eq!(store.role(&project, &ada.id).await.expect("role"), None);
    store.set_role(&project, &ada.id, Some(Role::Viewer)).await.expect("role");
    assert_eq!(store.role(&project, &ada.id).await.expect("role"), Some(Role::Viewer));
    conflict(store.set_role(&project, &owner, None).await);
    assert_eq!(store.role(&project, &owner).await.expect("role"), Some(Role::Owner), "nothing is half done");
    assert_eq!(store.members(&project).await.expect("members").len(), 2);
    store.erase_account(&ada.id).await.expect("erase");
    assert_eq!(store.members(&project).await.expect("members").len(), 1);
}

async fn set_up_once(store: Store) {
    assert!(!store.has_admin().await.expect("admin"));
    store.set_setup(b"old", 1_000).await.expect("setup");
    store.set_setup(b"new", 1_000).await.expect("setup");
    // What was kept before there were accounts becomes the admin's, even one of that very name.
    let before = store.add_account("root", None, false).await.expect("account");
    let project = store.add_project(&NewProject::plain(), "churn", &before.id).await.expect("project").id;
    store.add_token(&before.id, "t", b"t0", Scope::Write, None).await.expect("token");
    absent(store.set_up(b"old", "root", "phc", 1).await);
    absent(store.set_up(b"new", "root", "phc", 1_000).await);
    let admin = store.set_up(b"new", "root", "phc", 999).await.expect("admin");
    assert_eq!(admin.admin, 1);
    assert_eq!(store.role(&project, &admin.id).await.expect("role"), Some(Role::Owner));
    absent(store.account(&before.id).await);
    absent(store.use_token(b"t0", 0).await);
    absent(store.set_up(b"new", "other", "phc", 999).await);
    store.set_setup(b"again", 1_000).await.expect("setup");
    absent(store.set_up(b"again", "other", "phc", 999).await);
    assert!(store.has_admin().await.expect("admin"));
}

/// They are kept together, so a request that is sent again makes no second run; one whose server is gone is done anew.
async fn a_run_and_its_answer(store: Store) {
    let (_, project) = project(&store).await;
    let new = || Run::from(NewRun { project: &project, work: "{}", priority: 0, author: "a" });
    assert_eq!(store.take_key("a", "k", b"r").await.expect("key"), None);
    store.add_run(&new(), Some(("a", "k", "made"))).await.expect("run");
    let kept = store.take_key("a", "k", b"r").await.expect("key").expect("kept");
    assert_eq!((kept.status, kept.body.as_str()), (200, "made"));
    conflict(store.add_run(&new(), Some(("a", "k", "again"))).await);
    assert_eq!(store.open_runs(&project).await.expect("runs"), 1, "nothing is half done");

    assert_eq!(store.take_key("a", "lost", b"r").await.expect("key"), None);
    for (before, free) in [(now() - 60_000, false), (now() + 60_000, true)] {
        store.free_key("a", "lost", before).await.expect("free");
        store.free_key("a", "k", before).await.expect("free");
        assert_eq!(store.take_key("a", "lost", b"r").await.expect("key").is_none(), free);
        assert!(store.take_key("a", "k", b"r").await.expect("key").is_some());
    }
}

/// A server that has its database to itself waits for no leases of the one before.
async fn what_is_taken_over(store: Store) {
    let (_, project) = project(&store).await;
    run(&store, &project, 0).await;
    let run = store.claim_run(now(), 60_000).await.expect("claim").expect("a run");
    for job in 0..2 {
        let new = NewTrial { run: &run.id, study: "s", job, payload: b"p" };
        store.queue_trial(&new).await.expect("trial");
    }
    store.claim_trial(&format!("{EMBEDDED}1"), now(), 60_000).await.expect("claim").expect("a trial");
    store.claim_trial("elsewhere", now(), 60_000).await.expect("claim").expect("a trial");
    assert!(store.claim_run(now(), 1).await.expect("claim").is_none());
    store.take_over().await.expect("taken over");
    assert_eq!(store.claim_run(now(), 60_000).await.expect("claim").map(|r| r.id), Some(run.id));
    let again = store.claim_trial("elsewhere", now(), 60_000).await.expect("claim").expect("a trial");
    assert_eq!((again.job, again.attempt), (0, 2));
    assert!(
        store.claim_trial("elsewhere", now(), 60_000).await.expect("claim").is_none(),
        "its worker lives"
    );
}

fn version(document: &str) -> Version {
    Version {
        number: 0,
        hash: format!("hash of {document}"),
        document: document.to_owned(),
        note: String::new(),
        author: "a".to_owned(),
        created: 0,
    }
}

async fn versions_are_not_lost(store: Store) {
    let (owner, project) = project(&store).await;
    absent(store.save_version("nothing", 0, &version("a")).await);
    assert_eq!(store.save_version(&project, 0, &version("a")).await.expect("save").number, 1);
    conflict(store.save_version(&project, 0, &version("b")).await);
    assert_eq!(store.save_version(&project, 1, &version("a")).await.expect("the same").number, 1);
    assert_eq!(store.save_version(&project, 1, &version("b")).await.expect("save").number, 2);
    conflict(store.save_version(&project, 1, &version("c")).await);
    assert_eq!(store.version(&project, 1).await.expect("old").document, "a");
    assert_eq!(store.project(&project).await.expect("project").head, 2);
    let numbers = |all: Vec<Version>| all.iter().map(|v| v.number).collect::<Vec<_>>();
    assert_eq!(numbers(store.versions(&project, None, 10).await.expect("versions")), [2, 1]);
    assert_eq!(numbers(store.versions(&project, Some(2), 10).await.expect("versions")), [1]);

    // Of many who save at once from the same version, one does.
    let saving = (0..8).map(|i| {
        let (store, project) = (store.clone(), project.clone());
        tokio::spawn(async move { store.save_version(&project, 2, &version(&format!("{i}"))).await.is_ok() })
    });
    let mut saved = 0;
    for one in saving.collect::<Vec<_>>() {
        saved += usize::from(one.await.expect("task"));
    }
    assert_eq!(saved, 1);

    assert_eq!(store.projects(&owner, None, 10).await.expect("projects").len(), 1);
    store.delete_project(&project).await.expect("delete");
    absent(store.project(&project).await);
    absent(store.version(&project, 1).await);
}

async fn data_and_models(store: Store) {
    let (_, project) = project(&store).await;
    let new = |blob: &'static str| NewDataset {
        project: "",
        name: "t.csv",
        blob,
        bytes: 3,
        options: "{}",
        about: "{}",
        author: "a",
    };
    let refused = store.add_dataset(&NewDataset { project: &project, ..new("h1") }).await;
    assert!(refused.is_err(), "a blob comes before what names it");
    store.note_blob("h1", 3, false).await.expect("blob");
    store.note_blob("h1", 3, false).await.expect("twice");
    store.note_blob("h2", 4, false).await.expect("blob");
    let one = store.add_dataset(&NewDataset { project: &project, ..new("h1") }).await.expect("data set");
    assert_eq!(store.dataset(&project, &one.id).await.expect("data set"), one);
    absent(store.dataset("other", &one.id).await);
    assert_eq!(store.dataset_read_as(&project, "h1", None, None).await.expect("found"), Some(one.clone()));
    assert_eq!(store.dataset_read_as("other", "h1", None, None).await.expect("none"), None);
    for (name, options, is_it) in [("t.csv", "{}", true), ("u.csv", "{}", false), ("t.csv", "{ }", false)] {
        let found =
            store.dataset_read_as(&project, "h1", Some(name), Some(options)).await.expect("found or not");
        assert_eq!(found.is_some(), is_it, "{name} {options}");
    }

    let model = |blob: &'static str| NewModelVersion {
        project: "",
        name: "churn",
        blob,
        bytes: 4,
        run: None,
        about: "{}",
        author: "a",
    };
    let add = |blob| {
        let (store, project) = (store.clone(), project.clone());
        async move { store.add_model_version(&NewModelVersion { project: &project, ..model(blob) }).await }
    };
    let (made, first) = add("h1").await.expect("model");
    assert_eq!((first.number, add("h1").await.expect("same").1.number), (1, 1));
    assert_eq!(add("h2").await.expect("next").1.number, 2);
    absent(store.set_alias(&made.id, "champion", Some(3)).await);
    store.set_alias(&made.id, "champion", Some(1)).await.expect("alias");
    store.set_alias(&made.id, "champion", Some(2)).await.expect("alias");
    assert_eq!(store.aliased(&made.id, "champion").await.expect("alias").blob, "h2");
    absent(store.aliased(&made.id, "latest").await);

    assert_eq!(store.project_bytes(&project).await.expect("bytes"), 7, "each blob once");
    store.delete_dataset(&project, &one.id).await.expect("delete");
    store.delete_model(&made.id).await.expect("delete");
    assert_eq!(store.project_bytes(&project).await.expect("bytes"), 0);
}

/// Nothing is swept that is named or fresh, and whoever puts a blob that is being swept comes after.
async fn blobs_are_swept(store: Store) {
    let (owner, project) = project(&store).await;
    let run = run(&store, &project, 0).await.id;
    for hash in ["dataset", "result", "study", "none"] {
        store.note_blob(hash, 1, false).await.expect("blob");
    }
    let new = NewDataset {
        project: &project,
        name: "t.csv",
        blob: "dataset",
        bytes: 5,
        options: "{}",
        about: "{}",
        author: &owner,
    };
    let dataset = store.add_dataset(&new).await.expect("data set");
    assert_eq!(store.account_bytes(&owner).await.expect("bytes"), 5);
    assert_eq!(store.account_bytes("nobody").await.expect("bytes"), 0);
    let model = |run| NewModelVersion {
        project: &project,
        name: "m",
        blob: "result",
        bytes: 4,
        run,
        about: "{}",
        author: &owner,
    };
    let sent = store.add_model_version(&model(None)).await.expect("model").0;
    store.add_model_version(&model(Some(&run))).await.expect("model");
    assert_eq!(store.account_bytes(&owner).await.expect("bytes"), 9, "what a run gave was not sent");
    store.delete_model(&sent.id).await.expect("delete");
    store.queue_trial(&NewTrial { run: &run, study: "study", job: 1, payload: b"p" }).await.expect("trial");
    let trial = store.claim_trial("w", 0, 50).await.expect("claim").expect("a trial");
    store.complete_trial(&trial.claim(), "result", 1).await.expect("done");

    let future = now() + 60_000;
    assert_eq!(store.unnamed_blobs("", future).await.expect("list"), ["none"]);
    assert_eq!(store.unnamed_blobs("none", future).await.expect("list"), [""; 0]);
    assert_eq!(store.unnamed_blobs("", 1).await.expect("list"), [""; 0], "it is fresh");
    let untouched = async || -> std::result::Result<(), crate::blobs::BlobError> { panic!("it is swept") };
    for (hash, before) in
        [("dataset", future), ("result", future), ("study", future), ("none", 1), ("no", future)]
    {
        assert!(!store.sweep_blob(hash, before, untouched()).await.expect("sweep"), "{hash}");
    }
    let fails = async { Err(crate::blobs::BlobError::Absent(String::new())) };
    assert!(store.sweep_blob("none", future, fails).await.is_err());
    assert!(store.has_blob("none").await.expect("look"), "its bytes may still be there");

    // One is put while it is swept: its row is there afterwards, so its bytes come after those that went.
    let (deleting, waits) = (tokio::sync::Notify::new(), tokio::sync::Notify::new());
    let delete = async {
        deleting.notify_one();
        waits.notified().await;
        Ok(())
    };
    let put = async {
        deleting.notified().await;
        let note = store.note_blob("none", 1, false);
        tokio::pin!(note);
        let early = tokio::time::timeout(Duration::from_millis(200), &mut note).await;
        assert!(early.is_err(), "it is noted before what was there has gone");
        waits.notify_one();
        note.await.expect("noted");
    };
    let (swept, ()) = tokio::join!(store.sweep_blob("none", future, delete), put);
    assert!(swept.expect("swept") && store.has_blob("none").await.expect("look"));

    assert!(!store.sweep_stray("none", untouched()).await.expect("sweep"), "it has a row");
    let mut gone = false;
    let delete = async {
        gone = true;
        Ok(())
    };
    assert!(store.sweep_stray("stray", delete).await.expect("sweep"));
    assert!(gone && !store.has_blob("stray").await.expect("look"));

    assert_eq!(store.open_runs_of("a").await.expect("runs"), 1);
    store.delete_dataset(&project, &dataset.id).await.expect("delete");
    store.delete_project(&project).await.expect("delete");
    let all = store.unnamed_blobs("", future).await.expect("list");
    assert_eq!(all, ["dataset", "none", "result", "study"]);
}

async fn links_and_audit(store: Store) {
    let (_, project) = project(&store).await;
    let new = NewLink {
        token: b"l1",
        project: &project,
        target: "version/1",
        rights: Rights::View,
        title: "t",
        author: "a",
        expires: Some(1_000),
    };
    let link = store.add_link(&new).await.expect("link");
    assert_eq!(store.open_link(b"l1", 0, true).await.expect("open").opened, 1);
    assert_eq!(store.open_link(b"l1", 0, false).await.expect("open").opened, 1);
    absent(store.open_link(b"l1", 1_000, true).await);
    absent(store.open_link(b"l2", 0, true).await);
    absent(store.revoke_link("other", &link.id, 1).await);
    store.revoke_link(&project, &link.id, 1).await.expect("revoke");
    absent(store.open_link(b"l1", 0, true).await);
    assert_eq!(store.links(&project, None, 10).await.expect("links")[0].opened, 1);

    let adding = (0..20).map(|i| {
        let store = store.clone();
        tokio::spawn(async move { store.audit("a", "did", &i.to_string()).await })
    });
    for one in adding.collect::<Vec<_>>() {
        one.await.expect("task").expect("audit");
    }
    assert_eq!(store.audit_break().await.expect("chain"), None);
    let entries = store.audit_entries(None, 50).await.expect("entries");
    assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), (1..=20).rev().collect::<Vec<_>>());
    change_by_hand(&store).await;
    assert_eq!(store.audit_break().await.expect("chain"), Some(7));
}

async fn change_by_hand(store: &Store) {
    let sql = "UPDATE audit SET actor = 'b' WHERE seq = 7";
    on!(store, db => sqlx::query(sql).execute(db).await.map(drop).expect("changed"));
}

async fn keys_are_taken_once(store: Store) {
    assert_eq!(store.take_key("a", "k", b"r").await.expect("taken"), None);
    assert_eq!(store.take_key("b", "k", b"r").await.expect("another's"), None);
    assert_eq!(store.take_key("a", "k", b"r").await.expect("kept").map(|k| k.status), Some(0));
    store.keep_answer("a", "k", 200, "done").await.expect("keep");
    let kept = store.take_key("a", "k", b"x").await.expect("kept").expect("kept");
    assert_eq!((kept.status, kept.body.as_str(), kept.request.as_slice()), (200, "done", &b"r"[..]));
    store.release_key("a", "k").await.expect("release");
    assert_eq!(store.take_key("a", "k", b"r").await.expect("taken"), None);
}

async fn runs_have_one_driver(store: Store) {
    let (_, project) = project(&store).await;
    let (low, high) = (run(&store, &project, 0).await, run(&store, &project, 5).await);
    let first = store.claim_run(100, 50).await.expect("claim").expect("a run");
    assert_eq!((first.id.as_str(), first.fence, first.started), (high.id.as_str(), 1, Some(100)));
    let second = store.claim_run(100, 50).await.expect("claim").expect("a run");
    assert_eq!(second.id, low.id);
    assert!(store.claim_run(100, 50).await.expect("claim").is_none());
    assert_eq!(store.renew_run((&high.id, 1), 2.5, 200).await.expect("renew"), Wish::GoOn);
    // The driver of the other one is gone.
    let again = store.claim_run(160, 50).await.expect("claim").expect("a run");
    assert_eq!((again.id.as_str(), again.fence, again.started), (low.id.as_str(), 2, Some(100)));
    conflict(store.renew_run((&low.id, 1), 9.0, 500).await);
    conflict(store.add_event((&low.id, 1), "board", "{}", true, Some(1.0)).await);
    conflict(store.end_run((&low.id, 1), RunState::Done, "{}", &[], 170).await);

    let driver = (low.id.as_str(), 2);
    assert_eq!(store.add_event(driver, "started", "{}", false, None).await.expect("event"), 1);
    assert_eq!(store.add_event(driver, "board", "1", true, Some(0.7)).await.expect("event"), 2);
    assert_eq!(store.add_event(driver, "board", "2", true, Some(0.6)).await.expect("event"), 3);
    assert_eq!(store.run(&low.id).await.expect("run").best, Some(0.7), "the best never falls");
    let seqs = |all: Vec<StoredEvent>| all.into_iter().map(|e| (e.seq, e.data)).collect::<Vec<_>>();
    let told = seqs(store.events_after(&low.id, 0, 10).await.expect("events"));
    assert_eq!(told, [(1, "{}".to_owned()), (3, "2".to_owned())]);
    assert_eq!(seqs(store.events_after(&low.id, 3, 10).await.expect("events")), []);

    store.wish(&low.id, Wish::Pause, 170).await.expect("wish");
    assert_eq!(store.renew_run((&low.id, 2), 1.5, 300).await.expect("renew"), Wish::Pause);
    assert_eq!(store.renew_run((&low.id, 2), 0.5, 300).await.expect("renew"), Wish::Pause);
    assert_eq!(store.run(&low.id).await.expect("run").spent, 1.5, "what was spent is never less");
    store.note_blob("m", 9, false).await.expect("blob");
    let files = [RunFile { name: "model".to_owned(), blob: "m".to_owned(), bytes: 9 }];
    let early = RunFile { bytes: 8, ..files[0].clone() };
    conflict(store.keep_run_file((&low.id, 1), &early).await);
    store.keep_run_file(driver, &early).await.expect("kept");
    assert_eq!(store.run_files(&low.id).await.expect("files"), std::slice::from_ref(&early));
    store.end_run(driver, RunState::Done, "ended", &files, 180).await.expect("end");
    conflict(store.end_run(driver, RunState::Done, "ended", &files, 181).await);
    conflict(store.keep_run_file(driver, &early).await);
    conflict(store.wish(&low.id, Wish::Stop, 190).await);
    assert_eq!(store.run_files(&low.id).await.expect("files"), files);
    assert_eq!(store.events_after(&low.id, 3, 10).await.expect("events")[0].kind, "ended");

    let waits = run(&store, &project, 0).await;
    assert_eq!(store.open_runs(&project).await.expect("open"), 2);
    store.wish(&waits.id, Wish::Cancel, 200).await.expect("wish");
    assert_eq!(store.run(&waits.id).await.expect("run").state, "cancelled");
    store.release_run(&high.id, 1).await.expect("release");
    assert_eq!(store.claim_run(200, 50).await.expect("claim").map(|r| (r.id, r.fence)), Some((high.id, 2)));
}

async fn trials_are_charged_and_fenced(store: Store) {
    let (_, project) = project(&store).await;
    let of = run(&store, &project, 0).await.id;
    let queue = |job: i64, payload: &'static [u8]| {
        let (store, run) = (store.clone(), of.clone());
        async move {
            let new = NewTrial { run: &run, study: "s", job, payload };
            store.queue_trial(&new).await.expect("queue")
        }
    };
    let done = |t: Trial| (t.state, t.attempt, t.fence);
    assert_eq!(done(queue(1, b"one").await), ("queued".to_owned(), 0, 0));
    queue(2, b"two").await;
    let claim = store.claim_trial("w", 100, 50).await.expect("claim").expect("a trial");
    assert_eq!((claim.job, claim.attempt, claim.payload.as_slice()), (1, 1, &b"one"[..]));
    assert_eq!(done(queue(1, b"one").await), ("claimed".to_owned(), 1, 1), "what is there stays");
    // Stopped beyond its lease, the first worker brings its result after another has claimed the trial.
    let second = store.claim_trial("v", 120, 50).await.expect("claim").expect("a trial");
    assert_eq!(second.job, 2);
    let taken = store.claim_trial("v", 151, 50).await.expect("claim").expect("a trial");
    assert_eq!((taken.job, taken.attempt, taken.fence), (1, 2, 2));
    store.note_blob("r", 1, false).await.expect("blob");
    conflict(store.complete_trial(&claim.claim(), "r", 152).await);
    conflict(store.renew_trial(&claim.claim(), 999).await);
    conflict(store.release_trial(&claim.claim()).await);
    store.renew_trial(&taken.claim(), 300).await.expect("renew");
    store.complete_trial(&taken.claim(), "r", 160).await.expect("complete");
    conflict(store.complete_trial(&taken.claim(), "r", 161).await);
    assert_eq!(store.trial(&of, "s", 1).await.expect("trial").result, "r");
    assert_eq!(done(queue(1, b"one").await).0, "done", "a run that is driven again finds it");
    assert_eq!(done(queue(1, b"other").await), ("queued".to_owned(), 0, 3), "another job is another trial");

    // What came of it is heard at one time, whoever hears it again.
    for clock in [2.5, 7.0] {
        store.time_trial(&of, "s", 1, clock).await.expect("time");
    }
    assert_eq!(store.trial(&of, "s", 1).await.expect("trial").clock, Some(2.5));
    // Given back in good order, an attempt is not charged; broken down, it is.
    let back = store.claim_trial("w", 500, 50).await.expect("claim").expect("a trial");
    store.release_trial(&back.claim()).await.expect("release");
    assert_eq!(store.trial(&of, "s", back.job).await.expect("trial").attempt, back.attempt - 1);
    store.cancel_trial(&of, "s", 1, 500).await.expect("cancel");
    queue(3, b"bad").await;
    store.cancel_trial(&of, "s", 2, 500).await.expect("cancel");
    let states = [TrialState::Queued, TrialState::Queued, TrialState::Poisoned];
    for expected in states {
        let bad = store.claim_trial("w", 600, 50).await.expect("claim").expect("a trial");
        assert_eq!(bad.job, 3);
        assert_eq!(store.fail_trial(&bad.claim(), "broke down", 601).await.expect("fail"), expected);
    }
    assert!(store.claim_trial("w", 700, 50).await.expect("claim").is_none());
    // One that kills its worker each time is found by its leases.
    queue(4, b"killer").await;
    for at in [1_000, 2_000, 3_000] {
        assert!(store.claim_trial("w", at, 50).await.expect("claim").is_some());
    }
    assert!(store.claim_trial("w", 4_000, 50).await.expect("claim").is_none());
    assert_eq!(store.trial(&of, "s", 4).await.expect("trial").state, "poisoned");
    let counts = store.trial_counts(&of).await.expect("counts");
    assert_eq!(counts, [("cancelled".to_owned(), 2), ("poisoned".to_owned(), 2)]);
}

async fn many_claim_each_trial_once(store: Store) {
    let (_, project) = project(&store).await;
    let of = run(&store, &project, 0).await.id;
    for job in 0..60 {
        let new = NewTrial { run: &of, study: "s", job, payload: b"p" };
        store.queue_trial(&new).await.expect("queue");
    }
    let workers = (0..6).map(|worker| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut jobs = Vec::new();
            while let Some(trial) = store.claim_trial(&worker.to_string(), 0, 1_000).await.expect("claim") {
                jobs.push(trial.job);
                store.complete_trial(&trial.claim(), "r", 1).await.expect("complete");
            }
            jobs
        })
    });
    let mut all = Vec::new();
    for worker in workers.collect::<Vec<_>>() {
        all.extend(worker.await.expect("task"));
    }
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<_>>());
    store.see_worker("w", "here", 3, 10).await.expect("seen");
    store.see_worker("w", "here", 4, 20).await.expect("seen");
    store.see_worker("v", "there", 2, 5).await.expect("seen");
    assert_eq!((store.slots(6).await.expect("slots"), store.slots(30).await.expect("none")), (4, 0));
}

/// Runs every check on a fresh database each, which `$fresh` gives by name.
macro_rules! each {
    ($fresh:expr; $($check:ident),+ $(,)?) => {
        $({
            let store: Store = $fresh(stringify!($check)).await;
            store.ping().await.expect("answers");
            $check(store.clone()).await;
            store.close().await;
        })+
    };
}

macro_rules! all {
    ($fresh:expr) => {
        each!($fresh; a_run_and_its_answer, what_is_taken_over, people, set_up_once, versions_are_not_lost, data_and_models, blobs_are_swept, links_and_audit, keys_are_taken_once,
            runs_have_one_driver, keys_go_with_their_projects, trials_are_charged_and_fenced, many_claim_each_trial_once)
    };
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_what_it_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let fresh = async |name: &str| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).expect("a folder");
        sqlite(&folder).await
    };
    all!(fresh);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_keeps_what_it_is_told() {
    let cluster = Cluster::start();
    let fresh = async |name: &str| Store::postgres(&cluster.database(name)).await.expect("a database");
    all!(fresh);
}
