//! Which declarations are compiled: every choice alone, every pair of choices, and any number at random.

use crate::draft::Draft;
use crate::exceptions::combined;
use crate::grammar::DIMENSIONS;
use fastrand::Rng;

/// One choice of each dimension, by its index.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Case([usize; DIMENSIONS.len()]);

impl Case {
    /// The choices that are not the usual ones: `fn.async+returns.unit`.
    pub(crate) fn id(&self) -> String {
        let named: Vec<_> = DIMENSIONS
            .iter()
            .zip(self.0)
            .filter(|(_, choice)| *choice > 0)
            .map(|(dimension, choice)| format!("{}.{}", dimension.name, dimension.choices[choice].0))
            .collect();
        if named.is_empty() { "usual".to_owned() } else { named.join("+") }
    }

    pub(crate) fn of_id(id: &str) -> Option<Self> {
        let mut case = Self([0; DIMENSIONS.len()]);
        for part in id.split('+').filter(|part| *part != "usual") {
            let (name, choice) = part.split_once('.')?;
            let dimension = DIMENSIONS.iter().position(|dimension| dimension.name == name)?;
            case.0[dimension] = DIMENSIONS[dimension].choices.iter().position(|(name, _)| *name == choice)?;
        }
        Some(case)
    }

    /// The cases that have one choice less.
    pub(crate) fn simpler(&self) -> Vec<Self> {
        let taken = (0..self.0.len()).filter(|dimension| self.0[*dimension] > 0);
        let simpler = taken.map(|dimension| {
            let mut case = self.clone();
            case.0[dimension] = 0;
            case
        });
        simpler.collect()
    }

    pub(crate) fn draft(&self) -> Draft {
        let mut draft = Draft::default();
        for (dimension, choice) in DIMENSIONS.iter().zip(self.0) {
            if !(draft.pieces && matches!(dimension.name, "fn" | "params" | "attr" | "key")) {
                (dimension.choices[choice].1)(&mut draft);
            }
        }
        combined(&mut draft);
        draft
    }
}

/// The usual declaration, and each choice alone.
pub(crate) fn singles() -> Vec<Case> {
    let usual = Case([0; DIMENSIONS.len()]);
    let mut cases = vec![usual.clone()];
    for (dimension, of) in DIMENSIONS.iter().enumerate() {
        cases.extend((1..of.choices.len()).map(|choice| {
            let mut case = usual.clone();
            case.0[dimension] = choice;
            case
        }));
    }
    cases
}

/// Each two choices of different dimensions.
pub(crate) fn pairs() -> Vec<Case> {
    let singles = singles();
    let mut cases = Vec::new();
    for (index, one) in singles.iter().enumerate().skip(1) {
        for other in &singles[index + 1..] {
            let apart = one.0.iter().zip(other.0).all(|(one, other)| *one == 0 || other == 0);
            let both = Case(std::array::from_fn(|dimension| one.0[dimension].max(other.0[dimension])));
            cases.extend(apart.then_some(both));
        }
    }
    cases
}

/// A case in which about half of all dimensions are as usual.
pub(crate) fn random(rng: &mut Rng) -> Case {
    Case(std::array::from_fn(
        |dimension| if rng.bool() { 0 } else { rng.usize(..DIMENSIONS[dimension].choices.len()) },
    ))
}
