//! Counters and gauges whose labels are closed sets: every child is made at the start and found by its index.

use std::marker::PhantomData;

use prometheus::core::Collector;
use prometheus::{Error, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry};

use crate::telemetry::label::Label;

/// A counter with one label.
#[derive(Debug)]
pub(super) struct CounterSet<L> {
    children: Vec<IntCounter>,
    label: PhantomData<L>,
}

/// A counter with two labels.
#[derive(Debug)]
pub(super) struct CounterPairs<A, B> {
    children: Vec<IntCounter>,
    labels: PhantomData<(A, B)>,
}

/// A gauge with one label.
#[derive(Debug)]
pub(super) struct GaugeSet<L> {
    children: Vec<IntGauge>,
    label: PhantomData<L>,
}

// === impl CounterSet ===

impl<L: Label> CounterSet<L> {
    pub fn new(r: &Registry, [name, help]: [&str; 2], label: &str) -> Result<Self, Error> {
        let family = registered(r, IntCounterVec::new(Opts::new(name, help), &[label])?)?;
        let children = L::ALL
            .iter()
            .map(|value| family.with_label_values(&[value.as_str()]))
            .collect();
        Ok(Self {
            children,
            label: PhantomData,
        })
    }

    pub fn inc(&self, value: L) {
        self.children[value.index()].inc();
    }
}

// === impl CounterPairs ===

impl<A: Label, B: Label> CounterPairs<A, B> {
    pub fn new(r: &Registry, [name, help]: [&str; 2], labels: [&str; 2]) -> Result<Self, Error> {
        let family = registered(r, IntCounterVec::new(Opts::new(name, help), &labels)?)?;
        let pairs = A::ALL
            .iter()
            .flat_map(|a| B::ALL.iter().map(|b| [a.as_str(), b.as_str()]));
        let children = pairs.map(|pair| family.with_label_values(&pair)).collect();
        Ok(Self {
            children,
            labels: PhantomData,
        })
    }

    pub fn inc(&self, a: A, b: B) {
        self.children[a.index() * B::ALL.len() + b.index()].inc();
    }
}

// === impl GaugeSet ===

impl<L: Label> GaugeSet<L> {
    pub fn new(r: &Registry, [name, help]: [&str; 2], label: &str) -> Result<Self, Error> {
        let family = registered(r, IntGaugeVec::new(Opts::new(name, help), &[label])?)?;
        let children = L::ALL
            .iter()
            .map(|value| family.with_label_values(&[value.as_str()]))
            .collect();
        Ok(Self {
            children,
            label: PhantomData,
        })
    }

    pub fn get(&self, value: L) -> &IntGauge {
        &self.children[value.index()]
    }
}

/// Registers a metric and hands it back.
pub(super) fn registered<C: Collector + Clone + 'static>(r: &Registry, metric: C) -> Result<C, Error> {
    r.register(Box::new(metric.clone()))?;
    Ok(metric)
}
