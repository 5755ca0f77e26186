//! Means and percentiles.

/// The mean; `None` of nothing.
#[must_use]
pub fn mean(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.into_iter().fold((0.0, 0_usize), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / count as f64)
}

/// The nearest-rank percentile: the smallest value that at least `percent` of a hundred of the
/// values do not exceed. Always one of the values; `None` of nothing.
#[must_use]
pub fn percentile(values: impl IntoIterator<Item = f64>, percent: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        // The worked example of Wikipedia's article on percentiles.
        let values = [15.0, 20.0, 35.0, 40.0, 50.0];
        let at = |percent| percentile(values.into_iter().rev(), percent);
        assert_eq!([at(5.0), at(30.0), at(40.0), at(50.0), at(100.0)], [15.0, 20.0, 20.0, 35.0, 50.0].map(Some));
        let hundred = || (1..=100).map(f64::from);
        assert_eq!((percentile(hundred(), 50.0), percentile(hundred(), 95.0)), (Some(50.0), Some(95.0)));
        assert_eq!(percentile([], 50.0), None);
    }

    #[test]
    fn the_mean_of_nothing_is_nothing() {
        assert_eq!(mean([]), None);
        assert_eq!(mean([1.0, 2.0, 6.0]), Some(3.0));
    }
}
