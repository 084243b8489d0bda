//! How far it is, on the terminal; nothing where standard error is none.

use cells::{Progress, runtime_cell};
use indicatif::{ProgressBar, ProgressStyle};

const TEMPLATE: &str = "{msg} {wide_bar} {pos}/{len} {elapsed}";

/// The bar of this process. It takes its line back when it is finished, and at the latest when the cell is closed.
#[runtime_cell(dispose = clear)]
pub(crate) fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template(TEMPLATE).expect("a test has it");
    ProgressBar::new(0).with_style(style)
}

#[expect(clippy::needless_pass_by_value, reason = "a disposer takes the payload")]
fn clear(bar: ProgressBar) {
    bar.finish_and_clear();
}

/// Shows a warm-up.
pub(crate) fn show(progress: &Progress) {
    show_on(&bar(), progress);
}

fn show_on(bar: &ProgressBar, progress: &Progress) {
    bar.set_length(progress.total() as u64);
    bar.set_position(progress.ended() as u64);
    bar.set_message(format!("opening {}", progress.running.join(", ")));
}

#[cfg(test)]
mod tests {
    use super::{bar, show_on};
    use cells::Progress;
    use indicatif::ProgressBar;

    #[test]
    fn the_bar_follows_a_warm_up() {
        let bar = ProgressBar::hidden();
        let mut progress = Progress::default();
        progress.running = vec!["store"];
        (progress.done, progress.left) = (1, 2);
        show_on(&bar, &progress);
        assert_eq!((bar.message().as_str(), bar.position(), bar.length()), ("opening store", 1, Some(4)));
    }

    #[test]
    fn the_bar_has_a_style() {
        assert_eq!(bar().position(), 0);
    }
}
