//! M7: a declaration means the same wherever it is, whatever the names around it.

/// Every name that an expansion might rely on means something else here.
mod shadowed {
    #![allow(dead_code, non_camel_case_types, unused_macros, reason = "they only shadow other names")]

    mod core {}
    mod std {}
    mod alloc {}
    mod cells {}

    struct Option;
    struct Some;
    struct Ok;
    struct Err;
    struct String;
    struct Vec;
    struct Box;
    struct Arc;
    struct Duration;
    struct StaticCell;
    struct Ref;
    struct Declared;
    struct u32;
    struct usize;
    struct str;
    struct bool;
    enum None {}
    trait Into {}
    trait From {}
    trait Sync {}
    trait Send {}

    macro_rules! stringify {
        ($($any:tt)*) => {
            compile_error!("shadowed")
        };
    }
    macro_rules! module_path {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! line {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! file {
        () => {
            compile_error!("shadowed")
        };
    }
    macro_rules! cfg {
        ($($any:tt)*) => {
            compile_error!("shadowed")
        };
    }
    macro_rules! panic {
        ($($any:tt)*) => {
            compile_error!("shadowed")
        };
    }

    fn drop() {}
    fn build() -> u8 {
        4
    }
    fn factory() -> u8 {
        5
    }
    fn payload(_: u16) {}

    /// Methods that every type has.
    trait Meddle: Sized {
        fn get(self) -> u8 {
            6
        }
        fn disposer(self) -> u8 {
            7
        }
        fn into(self) -> u8 {
            8
        }
        fn map_err(self) -> u8 {
            9
        }
    }

    impl<T> Meddle for T {}

    #[::cells::runtime_cell]
    pub(super) fn infallible() -> u8 {
        build() + factory()
    }

    type Result<T> = ::core::result::Result<T, ::std::num::ParseIntError>;

    #[::cells::runtime_cell(
        name = "shadowed",
        max_waiters = 3,
        wait_timeout = "1s",
        cooldown = "1s",
        dispose = payload,
        observer = ::cells::NullObserver,
        adjuster = ::cells::NoopFactoryAdjuster
    )]
    pub(super) fn fallible() -> Result<u16> {
        "10".parse()
    }

    #[::cells::runtime_cell(eager, after = [FALLIBLE])]
    pub(super) fn dependent(infallible: &u8) -> u8 {
        *infallible + 1
    }

    #[::cells::runtime_cell]
    pub(super) async fn task(dependent: ::cells::Ref<'static, u8>, fallible: &u16) -> Result<u16> {
        ::core::result::Result::Ok(u16::from(*dependent) + fallible)
    }

    #[::cells::runtime_cell(blocking, detached, dispose = payload)]
    pub(super) fn blocking(task: &u16) -> Result<u16> {
        ::core::result::Result::Ok(*task)
    }
}

#[test]
fn m7_shadowed_names_are_no_matter() {
    assert_eq!(*shadowed::infallible(), 9);
    assert_eq!(*shadowed::fallible().unwrap(), 10);
    assert_eq!(*shadowed::dependent(), 10);
    assert_eq!(*pollster::block_on(shadowed::task()).unwrap(), 20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(*runtime.block_on(shadowed::blocking()).unwrap(), 20);
    assert_eq!(shadowed::FALLIBLE.close().status, cells::CloseStatus::Ok);
}

macro_rules! declare {
    ($vis:vis $name:ident -> $returns:ty, $text:literal, $limit:literal, $dispose:path, $body:block) => {
        #[cells::runtime_cell(name = $text, cooldown = $limit, dispose = $dispose)]
        $vis fn $name() -> $returns $body
    };
    ($item:item) => {
        #[cells::runtime_cell]
        $item
    };
}

mod declared {
    use cells::BoxError;

    declare!(pub(super) by_parts -> Result<Vec<u8>, BoxError>, "by parts", "5s", std::mem::drop, { Ok(vec![1, 2]) });
    declare! {
        pub(super) fn by_item() -> Result<String, BoxError> { Ok("item".to_owned()) }
    }
}

#[test]
fn m7_macro_rules_declare_cells() {
    assert_eq!(*declared::by_parts().unwrap(), [1, 2]);
    assert_eq!(declared::BY_PARTS.name(), "by parts");
    assert_eq!(declared::BY_PARTS.info().cooldown.as_secs(), 5);
    assert_eq!(declared::BY_PARTS.info().payload_type, "Vec<u8>");
    assert_eq!(*declared::by_item().unwrap(), "item");
}

#[test]
fn m7_functions_hold_cells_of_one_name() {
    fn first() -> u8 {
        #[cells::runtime_cell]
        fn number() -> u8 {
            1
        }
        *number()
    }
    fn second() -> u8 {
        #[cells::runtime_cell]
        fn number() -> u8 {
            2
        }
        *number()
    }
    assert_eq!((first(), second(), first()), (1, 2, 1));
}

#[test]
fn m7_raw_identifiers_are_names() {
    #[cells::runtime_cell(cell = r#CELL, factory = r#match, dispose = r#try)]
    fn r#struct() -> u8 {
        1
    }
    fn r#try(_: u8) {}

    assert_eq!(*r#struct(), r#match());
    assert_eq!((CELL.name(), CELL.info().ident, CELL.info().disposer), ("struct", "CELL", "r#try"));
}

macro_rules! dependent {
    ($name:ident, $parameter:ident: $ty:ty, $cell:path, $after:path) => {
        #[cells::runtime_cell(after = [$after])]
        fn $name(#[from($cell)] $parameter: $ty, number: &u8) -> u8 {
            $parameter + number
        }
    };
}

#[test]
fn m7_macro_rules_declare_dependencies() {
    #[cells::runtime_cell]
    fn number() -> u8 {
        1
    }
    #[cells::runtime_cell]
    fn other() -> u8 {
        2
    }
    dependent!(sum, value: &u8, self::shadowed::INFALLIBLE, OTHER);

    assert_eq!((*sum(), *other()), (10, 2));
    assert_eq!(SUM.info().dependencies.len(), 3);
}

#[test]
fn m7_parameters_meet_no_generated_name() {
    macro_rules! number {
        ($($name:ident)*) => {$(
            #[allow(dead_code, reason = "the cells are used as parameters, not through their accessors")]
            #[cells::runtime_cell]
            fn $name() -> u8 {
                1
            }
        )*};
    }
    number!(payload factory_leases build info cell lend leases c observer);

    #[cells::runtime_cell]
    fn sum(payload: &u8, factory_leases: &u8, build: &u8, info: &u8, cell: &u8, lend: &u8, c: &u8) -> u8 {
        payload + factory_leases + build + info + cell + lend + c
    }
    #[cells::runtime_cell(blocking)]
    fn blocking(
        #[from(FACTORY_LEASES)] __factory: &u8,
        leases: &u8,
        observer: cells::Ref<'static, u8>,
    ) -> u8 {
        __factory + leases + *observer
    }

    assert_eq!(*sum(), 7);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(*runtime.block_on(blocking()), 3);
}
