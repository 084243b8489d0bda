mod constant {
    const POOL: u8 = 1;

    #[cells::runtime_cell]
    fn pool() -> u8 {
        1
    }

    fn caller() -> u8 {
        *pool() + POOL
    }
}

mod camel {
    #[cells::runtime_cell]
    fn foo_bar() -> u8 {
        1
    }

    #[cells::runtime_cell]
    #[allow(non_snake_case)]
    fn fooBar() -> u8 {
        1
    }
}

mod hidden {
    fn __f() {}
    static __F: u8 = 1;

    #[cells::runtime_cell]
    fn f() -> u8 {
        __f();
        __F
    }
}

fn main() {}
