//! A leg's scores on a scale that another leg's can be added to. Pure.

use footnote_core::passage::LegScore;
use footnote_core::seam::Hit;

/// Scaled scores are kept within this, so that their sums are finite whatever a leg says.
const LIMIT: f64 = 1e9;

/// A straight line: `(score - zero) / unit`. In double precision the range of two finite f32 is finite too.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    zero: f64,
    /// 0 where all of the leg's scores are equal.
    unit: f64,
    /// What they are on the scale then.
    flat: f64,
    /// Lower scores count as this one.
    lowest: f64,
    /// What a chunk has whose score in this leg is not known.
    missing: f64,
}

impl Scale {
    /// 0 for the leg's last, 1 for its first. `leg` is best first, here and below.
    pub(super) fn min_max(leg: &[Hit]) -> Self {
        let (max, min) = ends(leg);
        Self { zero: min, unit: max - min, flat: 1.0, lowest: f64::MIN, missing: 0.0 }
    }

    /// 1 for the leg's first, 0 for a score of 0 and less, and for what was not found.
    pub(super) fn share_of_max(leg: &[Hit]) -> Self {
        let (max, _) = ends(leg);
        Self { zero: 0.0, unit: max.max(0.0), flat: 0.0, lowest: 0.0, missing: 0.0 }
    }

    /// The score itself; what was not found, and is not known from elsewhere, counts as the leg's last.
    pub(super) fn as_it_is(leg: &[Hit]) -> Self {
        let (_, min) = ends(leg);
        Self { zero: 0.0, unit: 1.0, flat: 0.0, lowest: f64::MIN, missing: min.clamp(-LIMIT, LIMIT) }
    }

    /// Standard deviations from the leg's mean; what was not found counts as its last.
    pub(super) fn deviations(leg: &[Hit]) -> Self {
        let count = leg.len().max(1) as f64;
        let mean = leg.iter().map(|hit| f64::from(hit.score)).sum::<f64>() / count;
        let variance = leg.iter().map(|hit| (f64::from(hit.score) - mean).powi(2)).sum::<f64>() / count;
        let line = Self { zero: mean, unit: variance.sqrt(), flat: 0.0, lowest: f64::MIN, missing: 0.0 };
        Self { missing: leg.last().map_or(0.0, |last| f64::from(line.of(last.score))), ..line }
    }

    /// Where a score of the leg's own stands.
    pub(super) fn of(self, score: f32) -> f32 {
        let score = f64::from(score).max(self.lowest);
        let place = if self.unit > 0.0 { (score - self.zero) / self.unit } else { self.flat };
        place.clamp(-LIMIT, LIMIT) as f32
    }

    /// Where a chunk stands: by the leg's own score, or else by the one that is known from elsewhere.
    pub(super) fn of_either(self, found: Option<LegScore>, known: Option<&f32>) -> f32 {
        match (found, known) {
            (Some(leg), _) => self.of(leg.score),
            (None, Some(&score)) if self.unit > 0.0 => self.of(score),
            (None, _) => self.missing as f32,
        }
    }
}

fn ends(leg: &[Hit]) -> (f64, f64) {
    let end = |hit: Option<&Hit>| hit.map_or(0.0, |hit| f64::from(hit.score));
    (end(leg.first()), end(leg.last()))
}
