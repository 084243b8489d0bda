//! `optional`: a cell without which the program does its work, if not all of it.

use cells::{health, runtime_cell};
use cells_test_support::{Boom, alone};

#[runtime_cell(optional, cooldown = "1h")]
fn mail() -> Result<u8, Boom> {
    Err(Boom(1))
}

#[runtime_cell(cooldown = "1h")]
fn needed() -> Result<u8, Boom> {
    Err(Boom(2))
}

#[test]
fn h5_a_cell_that_fails_makes_the_program_unready_unless_it_is_optional() {
    alone(|| {
        assert!(MAIL.info().optional && !NEEDED.info().optional);
        // Cells of other tests are eager, and nobody has built them here.
        let of_these = |troubles: &[cells::Trouble]| {
            let is_of_these = |trouble: &&cells::Trouble| {
                trouble
                    .cell
                    .as_deref()
                    .is_some_and(|cell| cell.starts_with("mail") || cell.starts_with("needed"))
            };
            troubles.iter().filter(is_of_these).map(ToString::to_string).collect::<Vec<_>>()
        };
        assert!(mail().is_err() && needed().is_err());
        let health = health();
        let [needed] = &*of_these(&health.ready.troubles) else { panic!("{health}") };
        assert!(needed.starts_with("needed: it cools down for "), "{needed}");
        let [mail] = &*of_these(&health.degraded) else { panic!("{health}") };
        assert!(mail.starts_with("mail: it cools down for "), "{mail}");
    });
}
