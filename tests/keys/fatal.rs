//! `fatal`: which errors of a refresh end the old payload.

use cells::runtime_cell;
use cells_test_support::{Boom, Count};

#[test]
fn f4_fatal_takes_the_error_of_the_factory() {
    static ASKED: Count = Count::zero();

    fn is_large(Boom(n): &Boom) -> bool {
        ASKED.up();
        *n > 1000
    }

    #[runtime_cell(fresh = "1h", fatal = is_large)]
    fn by_path() -> Result<u8, Boom> {
        Err(Boom(1))
    }

    #[runtime_cell(fresh = "1h", fatal = |boom| boom.0 > 1000, retry = 1, transient = |_| false)]
    fn by_closure(#[from(OTHER)] _other: &u8) -> Result<u8, Boom> {
        Err(Boom(2))
    }

    #[runtime_cell]
    fn other() -> u8 {
        0
    }

    type Alias = Result<u8, Boom>;

    #[runtime_cell(fallible, fresh = "1h", fatal = |_: &Boom| true)]
    fn of_an_alias() -> Alias {
        Ok(3)
    }

    assert_eq!(by_path().unwrap_err().downcast_ref(), Some(&Boom(1)));
    assert_eq!(ASKED.get(), 1);
    assert_eq!(by_closure().unwrap_err().downcast_ref(), Some(&Boom(2)));
    assert_eq!(of_an_alias().ok().as_deref(), Some(&3));
}
