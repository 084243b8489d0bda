//! `name`: what people read in errors, events and reports.

use cells::runtime_cell;
use cells_test_support::Boom;

#[test]
fn m4_name_is_what_the_cell_is_called() {
    #[runtime_cell(name = "the orders")]
    fn orders() -> Result<u8, Boom> {
        Err(Boom(1))
    }
    #[runtime_cell]
    fn unnamed() -> u8 {
        1
    }

    let error = orders().unwrap_err();
    assert_eq!(error.cell(), "the orders");
    assert!(error.to_string().starts_with("cell `the orders`: "), "{error}");
    assert_eq!(
        (ORDERS.name(), ORDERS.info().name, ORDERS.info().ident),
        ("the orders", "the orders", "ORDERS")
    );
    drop(unnamed());
    assert_eq!(UNNAMED.name(), "unnamed", "by default, the function's name");
}
