//! `transient`: which errors are worth another run of the factory.

use cells::runtime_cell;
use cells_test_support::{Boom, Count};

#[test]
fn f5_transient_takes_the_error_of_the_factory() {
    static ASKED: Count = Count::zero();

    fn is_large(Boom(n): &Boom) -> bool {
        ASKED.up();
        *n > 1000
    }

    #[runtime_cell(retry = 1, transient = is_large)]
    fn by_path() -> Result<u8, Boom> {
        Err(Boom(1))
    }

    #[runtime_cell(retry = 1, transient = |boom| boom.0 > 1000)]
    fn by_closure() -> Result<u8, Boom> {
        Err(Boom(2))
    }

    type Alias = Result<u8, Boom>;

    #[runtime_cell(fallible, permanent, retry = 1, transient = |_: &Boom| false)]
    fn of_an_alias() -> Alias {
        Ok(3)
    }

    assert_eq!(by_path().unwrap_err().downcast_ref(), Some(&Boom(1)));
    assert_eq!(ASKED.get(), 1);
    assert_eq!(by_closure().unwrap_err().downcast_ref(), Some(&Boom(2)));
    assert_eq!(of_an_alias().ok(), Some(&3));
}
