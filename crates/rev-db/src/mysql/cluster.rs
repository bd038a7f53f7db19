//! Clusters whose nodes all take writes: Galera, and Group Replication.
//!
//! A named lock and the list of sessions are each node's own, so beside the guard a run
//! has a lease: a row of the ledger that says who has it, and that a session of its own
//! moves every second. Whoever finds it taken watches it, and takes it over once it has
//! stood still for a number of looks. Clocks are never compared, only what was seen.
//!
//! A look counts only once the node has applied all that the cluster had ordered before
//! it. Galera runs a schema change on all nodes at once and lets no write pass meanwhile,
//! the lease's neither; then the look does not return before the change has ended, and
//! the many seconds of it count as one look.
//!
//! Taking a lease over raises the generation, too, so that a run which only seemed dead
//! loses its next compare-and-set, and waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rev_core::Dialect;
use rev_engine::database::{Guard, Holder, Sighting};
use rev_engine::failure::DatabaseError;
use rev_engine::journal::{Node, Session};
use rev_sql::effect;
use rev_sql::ledger::{self, Ledger};
use rev_sql::split::Statement;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::connection::{Connection, Set};
use super::error::{from_sqlx, is_broken, is_out_of_range};
use super::guard::session_on;
use super::place::Place;
use super::{Mysql, WON};
use crate::rows::LedgerRow as _;

/// How often a run moves its lease.
const BEAT: Duration = Duration::from_secs(1);
/// The pause between two looks at somebody else's lease.
const LOOK: Duration = Duration::from_millis(500);
/// After so many looks without a change its holder is taken for dead: 20 seconds, twenty
/// beats.
const LOOKS: u32 = 40;
/// How long giving the lease back may take, before it is left to stand still.
const PARTING: Duration = Duration::from_secs(5);

/// A node of a cluster, as it sees itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) node: Node,
    /// Names the cluster.
    pub(super) cluster: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Galera,
    /// Group Replication; with one primary only that one takes writes.
    Group {
        has_one_primary: bool,
    },
}

/// Who has the lease, as the ledger stores it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tenant {
    /// The guard's session.
    tag: String,
    operator: String,
    process: u32,
    /// As RFC 3339 in UTC.
    since: String,
    /// Where the guard is.
    node: Node,
}

/// A lease that was taken: moved for as long as this lives.
#[derive(Debug)]
pub(super) struct Lease {
    /// Its holder, as the ledger stores it.
    holder: String,
    is_lost: Arc<AtomicBool>,
    beat: JoinHandle<()>,
}

/// Somebody else's lease, under watch.
#[derive(Debug)]
pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    looking: JoinHandle<()>,
}

/// What was seen of a lease.
#[derive(Debug, Clone, Default)]
struct Seen {
    sign: Sign,
    /// How many looks in a row saw the same.
    looks: u32,
    /// Whether the holder's node has left the cluster.
    is_gone: bool,
}

/// What changes as long as a run lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Sign {
    moved: u64,
    holder: Option<String>,
    generation: String,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.beat.abort();
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.looking.abort();
    }
}

impl Member {
    /// The node that a session is on; `None`: it is no cluster's, or one of another kind.
    pub(super) async fn of(connection: &mut Connection) -> Result<Option<Self>, DatabaseError> {
        let asked = show(
            connection,
            &[
                // `wsrep_on` may be off on a node that is in the cluster all the same.
                "STATUS LIKE 'wsrep_connected'",
                "VARIABLES LIKE 'group_replication_group_name'",
            ],
        );
        match &asked.await?[..] {
            [connected, _] if connected == "ON" => Self::of_galera(connection).await.map(Some),
            [_, group] if !group.is_empty() => Self::of_group(connection, group).await,
            _ => Ok(None),
        }
    }

    async fn of_galera(connection: &mut Connection) -> Result<Self, DatabaseError> {
        let asked = show(
            connection,
            &[
                "STATUS LIKE 'wsrep_cluster_state_uuid'",
                "STATUS LIKE 'wsrep_gcomm_uuid'",
                "VARIABLES LIKE 'wsrep_node_name'",
            ],
        );
        let mut asked = asked.await?.into_iter();
        let mut next = || asked.next().unwrap_or_default();
        Ok(Self {
            cluster: next(),
            node: Node {
                id: next(),
                name: next(),
            },
            kind: Kind::Galera,
        })
    }

    async fn of_group(
        connection: &mut Connection,
        group: &str,
    ) -> Result<Option<Self>, DatabaseError> {
        let rows = connection
            .rows(
                "SELECT CAST(@@server_uuid AS CHAR), \
                 CONCAT(COALESCE(@@report_host, @@hostname), ':', @@port), \
                 CAST(@@group_replication_single_primary_mode AS CHAR)",
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let text = |index| row.text(index).map_err(|e| from_sqlx(&e));
        let member = Self {
            cluster: group.to_owned(),
            node: Node {
                id: text(0)?,
                name: text(1)?,
            },
            kind: Kind::Group {
                has_one_primary: text(2)? == "1",
            },
        };
        let is_in_it = connection
            .rows(
                "SELECT 1 FROM performance_schema.replication_group_members \
                 WHERE MEMBER_ID = @@server_uuid AND MEMBER_STATE IN ('ONLINE', 'RECOVERING')",
            )
            .await;
        match is_in_it {
            Ok(rows) if rows.is_empty() => Ok(None),
            // Who may not ask takes a lease that may be of no use.
            Ok(_) | Err(DatabaseError::Denied { .. }) => Ok(Some(member)),
            Err(error) => Err(error),
        }
    }

    /// Whether several nodes take writes, so that the guard of one does not keep the runs
    /// on the others away.
    pub(super) fn needs_lease(&self) -> bool {
        !matches!(
            self.kind,
            Kind::Group {
                has_one_primary: true
            }
        )
    }

    /// Makes what a session reads from now on wait until its node has applied all that the
    /// cluster has ordered; and its end.
    fn up_to_date(&self) -> [&'static str; 2] {
        match self.kind {
            Kind::Galera => [
                "SET SESSION wsrep_sync_wait = 1",
                "SET SESSION wsrep_sync_wait = DEFAULT",
            ],
            Kind::Group { .. } => [
                "SET SESSION group_replication_consistency = 'BEFORE'",
                "SET SESSION group_replication_consistency = DEFAULT",
            ],
        }
    }

    /// Asks for the nodes that are in the cluster: a row with this one, or none.
    fn select_node(&self, id: &str) -> String {
        let id = ledger::text(id, Dialect::Mysql);
        match self.kind {
            Kind::Galera => {
                format!("SELECT node_name FROM mysql.wsrep_cluster_members WHERE node_uuid = {id}")
            }
            Kind::Group { .. } => format!(
                "SELECT MEMBER_HOST, CAST(MEMBER_PORT AS SIGNED) \
                 FROM performance_schema.replication_group_members WHERE MEMBER_ID = {id} \
                 AND MEMBER_STATE IN ('ONLINE', 'RECOVERING', 'UNREACHABLE')"
            ),
        }
    }

    /// What a session would write on its own node alone, if it is so set.
    async fn check_replicates(&self, connection: &mut Connection) -> Result<(), DatabaseError> {
        let (question, rules): (_, &[(&str, &str)]) = match self.kind {
            Kind::Galera => (
                "SELECT CAST(@@SESSION.wsrep_OSU_method AS CHAR), IF(@@SESSION.wsrep_on, '1', '0')",
                &[("RSU", "wsrep_OSU_method = RSU"), ("0", "wsrep_on = OFF")],
            ),
            Kind::Group { .. } => (
                "SELECT IF(@@SESSION.sql_log_bin, '1', '0')",
                &[("0", "sql_log_bin = OFF")],
            ),
        };
        let rows = connection.rows(question).await?;
        let Some(row) = rows.first() else {
            return Ok(());
        };
        for (index, (bad, setting)) in rules.iter().enumerate() {
            if row.text(index).map_err(|e| from_sqlx(&e))? == *bad {
                return Err(DatabaseError::NotReplicated {
                    setting: (*setting).to_owned(),
                });
            }
        }
        Ok(())
    }
}

/// What decides whether a session's work reaches other nodes.
const REPLICATION: [&str; 3] = ["wsrep_OSU_method", "wsrep_on", "sql_log_bin"];

/// The values of settings or counters, empty where there is no such one.
async fn show(
    connection: &mut Connection,
    questions: &[&str],
) -> Result<Vec<String>, DatabaseError> {
    let texts: Vec<String> = questions
        .iter()
        .map(|question| format!("SHOW GLOBAL {question}"))
        .collect();
    let sets = connection.sets(&texts.join(";\n")).await;
    let sets = sets.map_err(|e| from_sqlx(&e))?;
    let values = sets.iter().map(|set| match set.rows.first() {
        Some(row) => Ok(row.maybe_text(1)?.unwrap_or_default()),
        None => Ok(String::new()),
    });
    values
        .collect::<Result<_, _>>()
        .map_err(|e: sqlx::Error| from_sqlx(&e))
}

impl Mysql {
    /// Takes the lease beside the guard, which is ours. It lies in the ledger, which is
    /// made for it where there is none.
    pub(super) async fn take_lease(&mut self, holder: &Holder) -> Result<Guard, DatabaseError> {
        match self.take_lease_now(holder).await {
            // Another run takes it, or makes the ledger, too.
            Err(DatabaseError::Busy { .. }) => Ok(Guard::Held(None)),
            taken => taken,
        }
    }

    async fn take_lease_now(&mut self, holder: &Holder) -> Result<Guard, DatabaseError> {
        let Some(member) = self.member.clone() else {
            return Ok(Guard::Taken);
        };
        member.check_replicates(self.work().await?).await?;
        if !member.needs_lease() {
            self.catch_up(&member).await?;
            return Ok(Guard::Taken);
        }
        let guard = self.guard.as_mut().expect("the guard is ours");
        let Some(at) = Member::of(guard).await? else {
            return Ok(Guard::Taken);
        };
        self.tenant = Some(Tenant {
            tag: guard.tag.clone(),
            operator: holder.operator.clone(),
            process: holder.process,
            since: holder.since.clone(),
            node: at.node,
        });
        if self.holds_lease().await? {
            self.catch_up(&member).await?;
            return Ok(Guard::Taken);
        }
        let made = match self.find_ledger().await? {
            true => Ok(()),
            false => self.make_ledger().await,
        };
        match made {
            Ok(()) => self.try_lease(&member).await,
            // Who may not make it writes nothing, and only looks.
            Err(DatabaseError::Denied { .. } | DatabaseError::NoLedger { .. }) => {
                self.tenant = None;
                Ok(Guard::Taken)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the lease is ours, as far as is known.
    pub(super) fn has_lease(&self) -> bool {
        let lease = self.lease.as_ref();
        lease.is_some_and(|lease| !lease.is_lost.load(Ordering::SeqCst))
    }

    /// Whether the lease was ours and is known to be so no more.
    pub(super) fn has_lost_lease(&self) -> bool {
        self.tenant.is_some() && !self.has_lease()
    }

    /// Whether no lease that was taken is lost: asks.
    pub(super) async fn keeps_lease(&mut self) -> Result<bool, DatabaseError> {
        Ok(self.lease.is_none() || self.holds_lease().await?)
    }

    /// Whether the lease is still ours: asks, since another run may have taken it over.
    pub(super) async fn holds_lease(&mut self) -> Result<bool, DatabaseError> {
        if self.lease.is_none() {
            return Ok(false);
        }
        let (_, holder) = self.read_lease().await?;
        let lease = self.lease.as_ref();
        let is_ours = lease.is_some_and(|lease| holder.as_ref() == Some(&lease.holder));
        if !is_ours {
            self.lease = None;
            // Who took it over waits for the session of what is in flight: it is not to be
            // waited for.
            self.end_work().await;
        }
        Ok(is_ours)
    }

    /// On a cluster a script must not decide that the others do not get its work: they would
    /// get its ledger row.
    pub(super) fn check_replicates(&self, statements: &[Statement]) -> Result<(), DatabaseError> {
        let mut texts = statements.iter().map(|statement| &statement.text);
        let setting =
            texts.find_map(|text| effect::sets_one_of(text, Dialect::Mysql, &REPLICATION));
        match (setting, &self.member) {
            (Some(setting), Some(_)) => Err(DatabaseError::NotReplicated {
                setting: format!("the script sets {setting}"),
            }),
            _ => Ok(()),
        }
    }

    /// The same of what a routine or a block has set, which no text shows. Such a session
    /// writes nothing more, not even to the ledger.
    pub(super) async fn check_still_replicates(&mut self) -> Result<(), DatabaseError> {
        let Some(member) = self.member.clone().filter(|_| self.is_touched) else {
            return Ok(());
        };
        let checked = member.check_replicates(self.work().await?).await;
        if checked.is_err() {
            self.end_work().await;
        }
        checked
    }

    async fn try_lease(&mut self, member: &Member) -> Result<Guard, DatabaseError> {
        let (moved, holder) = self.read_lease().await?;
        let Some(text) = holder else {
            self.watch = None;
            return self.seize(member, moved, false).await;
        };
        let tenant: Option<Tenant> = serde_json::from_str(&text).ok();
        let own = self.tenant.as_ref().map(|own| &own.node);
        let is_on_own_node = tenant.as_ref().map(|tenant| &tenant.node) == own;
        let watch = self.watch.get_or_insert_with(|| {
            Watch::begin(
                self.place.clone(),
                self.settings.run.clone(),
                member.clone(),
                self.ledger.clone(),
            )
        });
        // On our own node the guard tells: it is ours.
        if is_on_own_node || watch.is_dead(&text) {
            self.watch = None;
            return self.seize(member, moved, true).await;
        }
        Ok(Guard::Held(tenant.map(Tenant::into_holder)))
    }

    /// How often the lease was moved, and who has it.
    async fn read_lease(&mut self) -> Result<(u64, Option<String>), DatabaseError> {
        let question = self.ledger.select_lease();
        let rows = self.work().await?.rows(&question).await?;
        if let Some(row) = rows.first() {
            let read = || Ok((row.number(0)?, row.maybe_text(1)?));
            let (moved, holder) = read().map_err(|e: sqlx::Error| from_sqlx(&e))?;
            return Ok((u64::try_from(moved).unwrap_or_default(), holder));
        }
        let text = self.ledger.make_lease();
        self.run(&text).await?;
        Ok((0, None))
    }

    /// Takes the lease, if nobody has moved it meanwhile.
    async fn seize(
        &mut self,
        member: &Member,
        moved: u64,
        from_dead: bool,
    ) -> Result<Guard, DatabaseError> {
        let tenant = self.tenant.as_ref().expect("who takes a lease has a name");
        let holder = serde_json::to_string(tenant).expect("plain data");
        let disturb = match from_dead {
            true => format!("{};\n", self.ledger.disturb()),
            false => String::new(),
        };
        let text = format!(
            "START TRANSACTION;\n{};\n{WON};\n{disturb}COMMIT",
            self.ledger.pass_lease(moved, Some(&holder)),
        );
        self.work().await?;
        if let Err(error) = self.sets(&text).await {
            self.roll_back().await;
            return match from_sqlx(&error) {
                _ if is_out_of_range(&error) => Ok(Guard::Held(None)),
                error => Err(error),
            };
        }
        self.lease = Some(Lease::begin(
            self.place.clone(),
            self.settings.run.clone(),
            self.ledger.move_lease(&holder, false),
            holder,
        ));
        self.catch_up(member).await?;
        Ok(Guard::Taken)
    }

    /// Waits until this node has applied what was ordered before.
    async fn catch_up(&mut self, member: &Member) -> Result<(), DatabaseError> {
        if !self.has_ledger && !self.find_ledger().await? {
            return Ok(());
        }
        let [begin, end] = member.up_to_date();
        let text = format!("{begin};\n{};\n{end}", self.ledger.select_lease());
        self.run(&text).await.map(|_| ())
    }

    /// Gives the lease back.
    pub(super) async fn give_lease_back(&mut self) {
        self.watch = None;
        self.tenant = None;
        let Some(lease) = self.lease.take() else {
            return;
        };
        lease.beat.abort();
        let text = self.ledger.move_lease(&lease.holder, true);
        // Where it cannot be given back it stands still from now on.
        let _ = tokio::time::timeout(PARTING, self.run(&text)).await;
    }

    /// Who has the lease on another node, if it moves.
    pub(super) async fn tenant_elsewhere(&mut self) -> Result<Option<Holder>, DatabaseError> {
        let is_needed = self.member.as_ref().is_some_and(Member::needs_lease);
        if !is_needed || !self.find_ledger().await? {
            return Ok(None);
        }
        let question = self.ledger.select_lease();
        let mut first = None;
        for pause in [Duration::ZERO, 2 * BEAT] {
            tokio::time::sleep(pause).await;
            let rows = self.work().await?.rows(&question).await?;
            let Some(row) = rows.first() else {
                return Ok(None);
            };
            let moved = row.number(0).map_err(|e| from_sqlx(&e))?;
            let Some(text) = row.maybe_text(1).map_err(|e| from_sqlx(&e))? else {
                return Ok(None);
            };
            match first {
                None => first = Some(moved),
                Some(first) if first == moved => return Ok(None),
                Some(_) => {
                    let tenant: Option<Tenant> = serde_json::from_str(&text).ok();
                    return Ok(tenant.map(Tenant::into_holder));
                }
            }
        }
        Ok(None)
    }

    /// Whether a session of another node still lives.
    pub(super) async fn look_elsewhere(
        &mut self,
        session: &Session,
        node: &Node,
    ) -> Result<Sighting, DatabaseError> {
        let out_of_sight = Sighting::OutOfSight(node.clone());
        let Some(member) = self.member.clone() else {
            // There is no cluster any more.
            return Ok(Sighting::Gone);
        };
        match member.kind {
            // What a schema change does is ordered before it begins, and our own node has
            // caught up since the lease is ours. Nothing else stands without the generation.
            Kind::Galera if self.has_lease() => Ok(Sighting::Gone),
            Kind::Galera => Ok(out_of_sight),
            // The primary is here, and the session's node is none any more.
            Kind::Group {
                has_one_primary: true,
            } => match self.is_read_only().await? {
                true => Ok(out_of_sight),
                false => Ok(Sighting::Gone),
            },
            // There a schema change is ordered once it has ended: only its node knows.
            Kind::Group { .. } => match self.reach(&member, node).await? {
                Reached::Gone => Ok(Sighting::Gone),
                Reached::No => Ok(out_of_sight),
                Reached::Yes(mut there) => {
                    let doing = session_on(&mut there, session).await;
                    there.close().await;
                    Ok(match doing? {
                        Some(doing) => Sighting::AtWork(format!("on {}, {doing}", node.name)),
                        None => Sighting::Gone,
                    })
                }
            },
        }
    }

    async fn is_read_only(&mut self) -> Result<bool, DatabaseError> {
        let question = "SELECT CAST(@@GLOBAL.super_read_only AS CHAR)";
        let rows = self.work().await?.rows(question).await?;
        let value = rows.first().map(|row| row.text(0)).transpose();
        Ok(value.map_err(|e| from_sqlx(&e))?.as_deref() == Some("1"))
    }

    /// A session on another node of the group, by the address that the group knows it by.
    async fn reach(&mut self, member: &Member, node: &Node) -> Result<Reached, DatabaseError> {
        let question = member.select_node(&node.id);
        let rows = match self.work().await?.rows(&question).await {
            Ok(rows) => rows,
            Err(DatabaseError::Denied { .. }) => return Ok(Reached::No),
            Err(error) => return Err(error),
        };
        let Some(row) = rows.first() else {
            return Ok(Reached::Gone);
        };
        let read = || Ok((row.text(0)?, row.number(1)?));
        let (host, port) = read().map_err(|e: sqlx::Error| from_sqlx(&e))?;
        let Some(place) = self
            .place
            .at(&host, u16::try_from(port).unwrap_or_default())
        else {
            return Ok(Reached::No);
        };
        let Ok(mut there) = Connection::open(&place, &self.settings.run).await else {
            return Ok(Reached::No);
        };
        let found = Member::of(&mut there).await;
        match found {
            Ok(Some(found)) if found.node.id == node.id => Ok(Reached::Yes(Box::new(there))),
            // An address may lead elsewhere from here.
            _ => {
                there.close().await;
                Ok(Reached::No)
            }
        }
    }
}

/// How a node of a group was reached.
enum Reached {
    Yes(Box<Connection>),
    No,
    /// It is not in the group any more, and what it has not given to the group is lost.
    Gone,
}

impl Tenant {
    fn into_holder(self) -> Holder {
        Holder {
            operator: self.operator,
            process: self.process,
            since: self.since,
            node: Some(self.node),
        }
    }
}

impl Lease {
    /// Moves a lease, that was taken, from now on.
    fn begin(place: Place, run: String, beat: String, holder: String) -> Self {
        let is_lost = Arc::new(AtomicBool::new(false));
        let lost = is_lost.clone();
        let beat = format!("{beat};\nSELECT CAST(ROW_COUNT() AS CHAR)");
        let beat = tokio::spawn(async move {
            let mut connection = None;
            loop {
                tokio::time::sleep(BEAT).await;
                if connection.is_none() {
                    connection = Connection::open(&place, &run).await.ok();
                }
                let Some(session) = &mut connection else {
                    continue;
                };
                match session.sets(&beat).await {
                    Ok(sets) if has_moved_nothing(&sets) => {
                        lost.store(true, Ordering::SeqCst);
                        return;
                    }
                    Ok(_) => {}
                    Err(error) if is_broken(&error) => connection = None,
                    // It met a lock: the next one moves it.
                    Err(_) => {}
                }
            }
        });
        Self {
            holder,
            is_lost,
            beat,
        }
    }
}

/// Whether the lease that was to be moved is somebody else's, by the count asked for last.
fn has_moved_nothing(sets: &[Set]) -> bool {
    let count = sets.last().and_then(|set| set.rows.first());
    count.and_then(|row| row.text(0).ok()).as_deref() == Some("0")
}

impl Watch {
    fn begin(place: Place, run: String, member: Member, ledger: Ledger) -> Self {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let noted = seen.clone();
        let looking = tokio::spawn(async move {
            let mut connection = None;
            loop {
                let looked = look(&mut connection, &place, &run, &member, &ledger).await;
                if looked.is_err() {
                    connection = None;
                }
                note(&noted, looked.ok());
                tokio::time::sleep(LOOK).await;
            }
        });
        Self { seen, looking }
    }

    /// Whether this holder has stood still for long enough, or its node is gone.
    fn is_dead(&self, holder: &str) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.sign.holder.as_deref() == Some(holder) && (seen.looks >= LOOKS || seen.is_gone)
    }
}

impl Seen {
    /// Counts a look; one that could not be had begins the count anew.
    fn note(&mut self, looked: Option<(Sign, bool)>) {
        let Some((sign, is_gone)) = looked else {
            *self = Self::default();
            return;
        };
        self.looks = if sign == self.sign { self.looks + 1 } else { 1 };
        self.sign = sign;
        self.is_gone = is_gone;
    }
}

fn note(seen: &Mutex<Seen>, looked: Option<(Sign, bool)>) {
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.note(looked);
}

/// Reads somebody else's lease, once this node has applied all that was ordered before;
/// and whether its holder's node is gone.
async fn look(
    connection: &mut Option<Connection>,
    place: &Place,
    run: &str,
    member: &Member,
    ledger: &Ledger,
) -> Result<(Sign, bool), DatabaseError> {
    if connection.is_none() {
        let mut session = Connection::open(place, run).await?;
        session.rows(member.up_to_date()[0]).await?;
        *connection = Some(session);
    }
    let session = connection.as_mut().expect("it was begun just now");
    let text = format!("{};\n{}", ledger.select_lease(), ledger.select_state());
    let sets = session.sets(&text).await.map_err(|e| from_sqlx(&e))?;
    let [lease, state, ..] = &sets[..] else {
        return Ok((Sign::default(), false));
    };
    let (Some(lease), Some(state)) = (lease.rows.first(), state.rows.first()) else {
        return Ok((Sign::default(), false));
    };
    let read = || {
        Ok(Sign {
            moved: lease.number(0)?.try_into().unwrap_or_default(),
            holder: lease.maybe_text(1)?,
            generation: state.number(1)?.to_string(),
        })
    };
    let sign = read().map_err(|e: sqlx::Error| from_sqlx(&e))?;
    let tenant: Option<Tenant> = sign
        .holder
        .as_deref()
        .and_then(|text| serde_json::from_str(text).ok());
    let is_gone = match tenant {
        None => false,
        // Not everybody may ask.
        Some(tenant) => match session.rows(&member.select_node(&tenant.node.id)).await {
            Ok(rows) => rows.is_empty(),
            Err(DatabaseError::Denied { .. }) => false,
            Err(error) => return Err(error),
        },
    };
    Ok((sign, is_gone))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(moved: u64) -> Option<(Sign, bool)> {
        let sign = Sign {
            moved,
            holder: Some("a".to_owned()),
            generation: "1".to_owned(),
        };
        Some((sign, false))
    }

    #[test]
    fn looks_count_only_as_long_as_nothing_moves_and_each_can_be_had() {
        let mut seen = Seen::default();
        for moved in [1, 1, 1] {
            seen.note(sign(moved));
        }
        assert_eq!(seen.looks, 3);
        seen.note(sign(2));
        assert_eq!(seen.looks, 1);
        seen.note(sign(2));
        seen.note(None);
        assert_eq!(seen.looks, 0);
    }
}
