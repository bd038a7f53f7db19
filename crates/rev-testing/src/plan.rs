//! Plans without a database.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rev_core::plan::{self, View};
use rev_core::{Binding, DatabaseName, Drift, Goal, Point, Scope, Standing, State, Target};
use rev_engine::planner::Planner;
use rev_engine::prepare::Prepared;
use rev_store::{Environment, Project};

use crate::Error;
use crate::run::open;

/// What an action would do, from where databases are taken to stand.
#[derive(Debug, Clone)]
pub struct Plan {
    project: PathBuf,
    goal: Goal,
    from: Vec<String>,
    to: Vec<String>,
}

impl Plan {
    /// An upgrade of every database of the project in this folder, from the base to
    /// its head.
    #[must_use]
    pub fn of(project: impl AsRef<Path>) -> Self {
        Self {
            project: project.as_ref().to_owned(),
            goal: Goal::Upgrade,
            from: vec!["base".to_owned()],
            to: vec!["head".to_owned()],
        }
    }

    /// With another action.
    #[must_use]
    pub fn goal(mut self, goal: Goal) -> Self {
        self.goal = goal;
        self
    }

    /// From these states: `base`, or `db1=ID,ID`.
    #[must_use]
    pub fn from(mut self, states: &[&str]) -> Self {
        self.from = states.iter().map(ToString::to_string).collect();
        self
    }

    /// To these targets, such as `db1@head`.
    #[must_use]
    pub fn to(mut self, targets: &[&str]) -> Self {
        self.to = targets.iter().map(ToString::to_string).collect();
        self
    }

    /// The plan's text, as `rev snapshot` keeps it: with its statements.
    ///
    /// # Errors
    ///
    /// [`Error`], where there is none.
    pub fn text(&self) -> Result<String, Error> {
        let (project, environment) = open(&self.project)?;
        let standings = self.standings(&project)?;
        let planner = Planner::new(&project.graph);
        let mut lanes = Vec::new();
        for (name, points) in self.selection(&project)? {
            let binding = Arc::new(project.config.binding(&name, &environment)?);
            let base = Standing {
                graph: project.graph.clone(),
                state: State::default(),
                drift: Drift::default(),
            };
            let standing = standings.get(&name).unwrap_or(&base);
            let prepared = planner.prepare(&binding, standing, self.goal, &points, false, None);
            let prepared = prepared.map_err(|refusal| Error::Refused {
                database: name,
                refusal: Box::new(refusal),
            })?;
            lanes.push((prepared, standing.clone()));
        }
        let lanes = linked(&project, &environment, lanes, &standings)?;
        let view = rev_render::View {
            verbose: true,
            width: None,
        };
        Ok(anstream::adapter::strip_str(&rev_render::text(&lanes, view)).to_string())
    }

    /// The same for a test, which has no use for an error.
    ///
    /// # Panics
    ///
    /// Where there is no such plan.
    #[must_use]
    pub fn shown(plan: &Self) -> String {
        match plan.text() {
            Ok(text) => text,
            Err(error) => panic!("{}", chain(&error)),
        }
    }

    fn standings(&self, project: &Project) -> Result<BTreeMap<DatabaseName, Standing>, Error> {
        let mut standings = BTreeMap::new();
        for text in &self.from {
            let (selector, heads) = match text.split_once('=') {
                Some((selector, heads)) => (Some(selector), heads),
                None => (None, text.as_str()),
            };
            let scope = Scope::of_graph(&project.graph);
            let mut nodes = Vec::new();
            for text in heads.split(',').map(str::trim).filter(|it| !it.is_empty()) {
                nodes.extend(scope.revisions(&point(text)?)?);
            }
            let standing = Standing {
                graph: project.graph.clone(),
                state: State::of_heads(&project.graph, nodes),
                drift: Drift::default(),
            };
            for name in selected(project, selector)? {
                standings.insert(name, standing.clone());
            }
        }
        Ok(standings)
    }

    fn selection(&self, project: &Project) -> Result<BTreeMap<DatabaseName, Vec<Point>>, Error> {
        let mut points: BTreeMap<DatabaseName, Vec<Point>> = BTreeMap::new();
        for text in &self.to {
            let (names, point) = target(project, text)?;
            for name in names {
                points.entry(name).or_default().push(point.clone());
            }
        }
        Ok(points)
    }
}

/// The lanes with what their steps wait for on other databases.
fn linked(
    project: &Project,
    environment: &Environment,
    lanes: Vec<(Prepared, Standing)>,
    standings: &BTreeMap<DatabaseName, Standing>,
) -> Result<Vec<Prepared>, Error> {
    let is_planned =
        |name: &DatabaseName| lanes.iter().any(|(it, _)| it.lane.database.name == *name);
    let mut others: Vec<(Binding, &Standing)> = Vec::new();
    for (name, standing) in standings.iter().filter(|(name, _)| !is_planned(name)) {
        others.push((project.config.binding(name, environment)?, standing));
    }
    let planned = lanes.iter().map(|(prepared, standing)| View {
        binding: &prepared.lane.database,
        standing,
        lane: Some(&prepared.lane),
    });
    let looked_at = others.iter().map(|(binding, standing)| View {
        binding,
        standing,
        lane: None,
    });
    let views: Vec<View<'_>> = planned.chain(looked_at).collect();
    let mut waits = plan::waits(&views)?;
    let lanes = lanes.into_iter().map(|(mut prepared, _)| {
        if let Some(waits) = waits.remove(&prepared.lane.database.name) {
            prepared.waits = waits;
        }
        prepared
    });
    Ok(lanes.collect())
}

/// The databases that a target is for, and its point.
pub(crate) fn target(project: &Project, text: &str) -> Result<(Vec<DatabaseName>, Point), Error> {
    let bound = project.config.bound_names();
    let target = Target::parse(text, |name| bound.contains_key(name));
    let target = target.map_err(|error| Error::Target {
        text: text.to_owned(),
        error,
    })?;
    let names = selected(project, target.selector.as_deref())?;
    Ok((names, target.point))
}

fn selected(project: &Project, selector: Option<&str>) -> Result<Vec<DatabaseName>, Error> {
    let names = project.config.selected(selector);
    match (names.is_empty(), selector) {
        (true, Some(name)) => Err(Error::Unbound {
            name: name.to_owned(),
        }),
        _ => Ok(names),
    }
}

fn point(text: &str) -> Result<Point, Error> {
    Point::parse(text).map_err(|error| Error::Target {
        text: text.to_owned(),
        error,
    })
}

/// An error and what it comes from.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}
