use super::{expansion, mistakes};
use expect_test::{Expect, expect};

#[track_caller]
fn check(args: &str, item: &str, expected: &Expect) {
    expected.assert_eq(&mistakes(args, item));
}

const SEARCH: &str = "fn search() -> Result<Index, IndexError> { build() }";

#[test]
fn unknown_keys() {
    check(
        "colour = \"red\", nmae = Foo::<A, B>::new(), 5, 'c, cooldown = \"5s\"",
        SEARCH,
        &expect![[r#"
            colour  <-  unknown key `colour`; the known keys are `name`, `cell`, `factory`, `fallible`, `infallible`, `permanent`, `provided`, `eager`, `after`, `blocking`, `detached`, `runtime`, `max_waiters`, `wait_timeout`, `cooldown`, `retry`, `backoff`, `transient`, `fresh`, `eager_refresh`, `fatal`, `expires`, `linger`, `dispose`, `dispose_timeout`, `closed_last`, `optional`, `check`, `observer`, `adjuster`, `crate`
            nmae  <-  unknown key `nmae`; did you mean `name`?
            5  <-  expected a key; the known keys are `name`, `cell`, `factory`, `fallible`, `infallible`, `permanent`, `provided`, `eager`, `after`, `blocking`, `detached`, `runtime`, `max_waiters`, `wait_timeout`, `cooldown`, `retry`, `backoff`, `transient`, `fresh`, `eager_refresh`, `fatal`, `expires`, `linger`, `dispose`, `dispose_timeout`, `closed_last`, `optional`, `check`, `observer`, `adjuster`, `crate`
            '  <-  expected a key; the known keys are `name`, `cell`, `factory`, `fallible`, `infallible`, `permanent`, `provided`, `eager`, `after`, `blocking`, `detached`, `runtime`, `max_waiters`, `wait_timeout`, `cooldown`, `retry`, `backoff`, `transient`, `fresh`, `eager_refresh`, `fatal`, `expires`, `linger`, `dispose`, `dispose_timeout`, `closed_last`, `optional`, `check`, `observer`, `adjuster`, `crate`
        "#]],
    );
}

#[test]
fn values_of_the_wrong_kind() {
    let args = r#"name = 5, name = "", cell = "SEARCH", cell = a::B, factory = build(), fallible = true, max_waiters = "4",
        wait_timeout = 5, cooldown = 1.5, dispose = |pool| (), dispose("drop"), crate = "cells", observer =, adjuster"#;
    check(
        args,
        SEARCH,
        &expect![[r#"
            5  <-  `name` takes a non-empty string literal; write `name = "search"`
            ""  <-  `name` takes a non-empty string literal; write `name = "search"`
            "SEARCH"  <-  `cell` takes a name for the static; write `cell = SEARCH`
            a::B  <-  `cell` takes a name for the static; write `cell = SEARCH`
            build()  <-  `factory` takes a name for the function that builds the payload; write `factory = build_search`
            =  <-  `fallible` takes no value; write `fallible`
            "4"  <-  `max_waiters` takes a positive integer or a const expression of type `usize`; write `max_waiters = 64`
            5  <-  `wait_timeout` takes a string literal or a const expression of type `Duration`; write `wait_timeout = "1500ms"`
            1.5  <-  `cooldown` takes a string literal or a const expression of type `Duration`, or a range of two; write `cooldown = "5s"`
            |pool| ()  <-  `dispose` takes the path to a function; write `dispose = Pool::shutdown`
            ("drop")  <-  `dispose` takes the path to a function; write `dispose = Pool::shutdown`
            "cells"  <-  `crate` takes the path to the crate `cells`; write `crate = ::cells`
            =  <-  `observer` takes an expression whose type implements `Observer`; write `observer = TimelineObserver::default()`
            adjuster  <-  `adjuster` takes an expression whose type implements `FactoryAdjuster`, or `AsyncFactoryAdjuster` if callers await the cell; write `adjuster = NoopFactoryAdjuster`
        "#]],
    );
}

#[test]
fn values_that_are_not_expressions() {
    check(
        "cell = static, observer = +, name \"a\" \"b\", cooldown = \"5s\" wait_timeout = \"5s\"",
        SEARCH,
        &expect![[r#"
            static  <-  `cell` takes a name for the static; write `cell = SEARCH`
            +  <-  `observer` takes an expression whose type implements `Observer`; write `observer = TimelineObserver::default()`
            "a"  <-  `name` takes a non-empty string literal; write `name = "search"`
            wait_timeout  <-  expected `,` between two arguments
        "#]],
    );
}

#[test]
fn durations() {
    check(
        r#"wait_timeout = "5 sec", cooldown = "99999999999999999999h""#,
        SEARCH,
        &expect![[r#"
            "5 sec"  <-  `5 sec` is not a duration; write a whole number followed by `ms`, `s`, `m` or `h`, as in `5s`
            "99999999999999999999h"  <-  `99999999999999999999h` is longer than `u64::MAX` milliseconds; write a shorter duration
        "#]],
    );
}

#[test]
fn ranges_of_durations() {
    let values = [
        r#""1s..1m""#,
        "A..B",
        r#"("1s")..MOST"#,
        r#""1s..""#,
        r#""..1m""#,
        r#""1s..=1m""#,
        r#""1s .. 1m""#,
        r#""1s..99999999999999999999h""#,
        r#""1m..1s""#,
        r#""5s..5s""#,
        r#""1m".."1s""#,
        r#""0s..1m""#,
        r#""0s".."1m""#,
        "A..",
        "A..=B",
        "1..5",
    ];
    let mut lines = String::new();
    for value in values {
        lines += &mistakes(&format!("cooldown = {value}"), SEARCH);
    }
    expect![[r#"
        "1s.."  <-  `1s..` has no end on one side; write the first and the longest duration, as in `1s..1m`
        "..1m"  <-  `..1m` has no end on one side; write the first and the longest duration, as in `1s..1m`
        "1s..=1m"  <-  `=1m` is not a duration; write a whole number followed by `ms`, `s`, `m` or `h`, as in `5s`
        "1s .. 1m"  <-  `1s ` is not a duration; write a whole number followed by `ms`, `s`, `m` or `h`, as in `5s`
        "1s..99999999999999999999h"  <-  `99999999999999999999h` is longer than `u64::MAX` milliseconds; write a shorter duration
        "1m..1s"  <-  this range does not grow; write the shorter time first, as in `1s..1m`, or one time alone, as in `5s`
        "5s..5s"  <-  this range does not grow; write the shorter time first, as in `1s..1m`, or one time alone, as in `5s`
        "1m".."1s"  <-  this range does not grow; write the shorter time first, as in `1s..1m`, or one time alone, as in `5s`
        "0s..1m"  <-  zero does not double; write a longer time first, as in `1s..1m`
        "0s"  <-  a `cooldown` of zero has no effect; leave `cooldown` out
        A..  <-  a range of durations has a first and a longest one; write `FIRST..LONGEST`, or `"1s..1m"`
        A..=B  <-  a range of durations has a first and a longest one; write `FIRST..LONGEST`, or `"1s..1m"`
        1  <-  `cooldown` takes a string literal or a const expression of type `Duration`, or a range of two; write `cooldown = "5s"`
    "#]].assert_eq(&lines);
    check(
        r#"retry = 3, backoff = "5s..1s""#,
        SEARCH,
        &expect![[r#"
            "5s..1s"  <-  this range does not grow; write the shorter time first, as in `1s..1m`, or one time alone, as in `5s`
        "#]],
    );
    check(r#"retry = 3, backoff = "5s""#, SEARCH, &expect![[""]]);
}

#[test]
fn f5_what_retries() {
    check(
        "retry = 0",
        SEARCH,
        &expect![[r#"
        0  <-  a `retry` of zero has no effect; leave `retry` out
    "#]],
    );
    check(
        "retry = \"3\", backoff = \"1s\", transient = is_timeout()",
        SEARCH,
        &expect![[r#"
        "3"  <-  `retry` takes a positive integer or a const expression of type `u32`; write `retry = 3`
        is_timeout()  <-  `transient` takes the path to a function, or a closure, that takes the error by reference and returns a `bool`; write `transient = LoadError::is_timeout`
    "#]],
    );
    check(
        "retries = 3, backoff = \"0s\", transient = |error| error.is_timeout()",
        SEARCH,
        &expect![[r#"
            retries  <-  unknown key `retries`; the known keys are `name`, `cell`, `factory`, `fallible`, `infallible`, `permanent`, `provided`, `eager`, `after`, `blocking`, `detached`, `runtime`, `max_waiters`, `wait_timeout`, `cooldown`, `retry`, `backoff`, `transient`, `fresh`, `eager_refresh`, `fatal`, `expires`, `linger`, `dispose`, `dispose_timeout`, `closed_last`, `optional`, `check`, `observer`, `adjuster`, `crate`
            "0s"  <-  a `backoff` of zero would repeat the factory at once; write how long to wait, as in `100ms`
            transient  <-  `transient` has no effect without `retry`; add `retry`, or remove `transient`
        "#]],
    );
    check(
        "retyr = 3, backoff = \"1s\"",
        SEARCH,
        &expect![[r#"
        retyr  <-  unknown key `retyr`; did you mean `retry`?
    "#]],
    );
    check(
        "backoff = \"1s\", transient = is_timeout",
        SEARCH,
        &expect![[r#"
        backoff  <-  `backoff` has no effect without `retry`; add `retry`, or remove `backoff`
        transient  <-  `transient` has no effect without `retry`; add `retry`, or remove `transient`
    "#]],
    );
    check(
        "retry = 3, backoff = \"1s\", transient = is_timeout",
        "fn search() -> Index { build() }",
        &expect![[r#"
            retry  <-  `retry` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
            backoff  <-  `backoff` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
            transient  <-  `transient` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
        "#]],
    );
    check(
        "retry = ATTEMPTS, backoff = FIRST..MOST, transient = <Error as Timeout>::is",
        SEARCH,
        &expect![[""]],
    );
}

#[test]
fn f1_ages() {
    let accepted = [
        r#"fresh = "50m", expires = "1h""#,
        "fresh = Token::refresh_at, expires = |token: &Token| token.expires_at, eager_refresh",
        r#"fresh = MINUTE, expires = "1s", fatal = |error| error.is_revoked()"#,
        r#"fresh = { MINUTE }, expires = minute!(), linger = "1h""#,
    ];
    for args in accepted {
        check(args, SEARCH, &expect![[""]]);
    }
    check(
        r#"fresh = "1h", expires = MINUTE, eager_refresh"#,
        "fn search() -> Index { build() }",
        &expect![[""]],
    );
    check(
        r#"fresh = "0s", expires = "0ms""#,
        SEARCH,
        &expect![[r#"
        "0s"  <-  with a `fresh` of zero every call would refresh the payload; leave `fresh` out, or say how long it is fresh
        "0ms"  <-  an `expires` of zero would end a payload at once; leave `expires` out, or say how long it may be used
    "#]],
    );
    check(
        r#"fresh = "60m", expires = "1h""#,
        SEARCH,
        &expect![[r#"
        "60m"  <-  a payload would end before it is stale; write a shorter `fresh`, or a longer `expires`
    "#]],
    );
    check(
        r#"fresh = 5, expires = "soon""#,
        SEARCH,
        &expect![[r#"
        5  <-  `fresh` takes a string literal, a const expression of type `Duration`, or a function of `&T` that returns a `Duration`, an `Instant` or a `SystemTime`; write `fresh = "50m"`
        "soon"  <-  `soon` is not a duration; write a whole number followed by `ms`, `s`, `m` or `h`, as in `5s`
    "#]],
    );
    check(
        r#"fresh, expires = , eager_refresh = "1h", fatal = "revoked""#,
        SEARCH,
        &expect![[r#"
        fresh  <-  `fresh` takes a string literal, a const expression of type `Duration`, or a function of `&T` that returns a `Duration`, an `Instant` or a `SystemTime`; write `fresh = "50m"`
        =  <-  `expires` takes a string literal, a const expression of type `Duration`, or a function of `&T` that returns a `Duration`, an `Instant` or a `SystemTime`; write `expires = Token::expires_at`
        =  <-  `eager_refresh` takes no value; write `eager_refresh`
        "revoked"  <-  `fatal` takes the path to a function, or a closure, that takes the error by reference and returns a `bool`; write `fatal = AuthError::is_revoked`
    "#]],
    );
    check(
        "eager_refresh, fatal = is_revoked, expires = \"1h\"",
        SEARCH,
        &expect![[r#"
        eager_refresh  <-  `eager_refresh` has no effect without `fresh`; add `fresh`, or remove `eager_refresh`
        fatal  <-  `fatal` has no effect without `fresh`; add `fresh`, or remove `fatal`
    "#]],
    );
    check(
        "fresh = \"x\", eager_refresh, fatal = is_revoked",
        SEARCH,
        &expect![[r#"
        "x"  <-  `x` is not a duration; write a whole number followed by `ms`, `s`, `m` or `h`, as in `5s`
    "#]],
    );
    check(
        "fresh = \"1h\", eager_refresh, linger = \"1h\"",
        SEARCH,
        &expect![[r#"
        eager_refresh  <-  `eager_refresh` keeps a payload that nobody uses, and `linger` ends it; remove one of them
    "#]],
    );
    check(
        "fresh = \"1h\", fatal = is_revoked",
        "fn search() -> Index { build() }",
        &expect![[r#"
        fatal  <-  `fatal` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
    "#]],
    );
}

#[test]
fn f1_ages_of_what_never_ends() {
    check(
        "permanent, fresh = \"5s\", expires = \"6s\", eager_refresh, fatal = is_revoked",
        SEARCH,
        &expect![[r#"
            fatal  <-  a permanent payload never ends, because callers hold `&'static` references to it; remove `fatal`, or remove `permanent`
            fresh  <-  a permanent payload never ends, because callers hold `&'static` references to it; remove `fresh`, or remove `permanent`
            expires  <-  a permanent payload never ends, because callers hold `&'static` references to it; remove `expires`, or remove `permanent`
            eager_refresh  <-  a permanent payload never ends, because callers hold `&'static` references to it; remove `eager_refresh`, or remove `permanent`
        "#]],
    );
    check(
        "permanent, eager_refresh, fatal = is_revoked",
        "fn search() -> Index { build() }",
        &expect![[r#"
        fatal  <-  a permanent payload never ends, because callers hold `&'static` references to it; remove `fatal`, or remove `permanent`
        eager_refresh  <-  a permanent payload never ends, because callers hold `&'static` references to it; remove `eager_refresh`, or remove `permanent`
    "#]],
    );
    check("permanent, retry = 3, cooldown = \"1s..1m\", transient = is_timeout", SEARCH, &expect![[""]]);
}

#[test]
fn f1_ages_of_what_is_only_provided() {
    check(
        "provided, fresh = \"5s\", eager_refresh, fatal = is_revoked, retry = 1, backoff = \"1s\", transient = is_timeout",
        "fn args() -> Result<Args, Error>;",
        &expect![[r#"
            retry  <-  `retry` is for a factory, and without a body there is none; write a body, or remove `retry`
            backoff  <-  `backoff` is for a factory, and without a body there is none; write a body, or remove `backoff`
            transient  <-  `transient` is for a factory, and without a body there is none; write a body, or remove `transient`
            fresh  <-  `fresh` is for a factory, and without a body there is none; write a body, or remove `fresh`
            eager_refresh  <-  `eager_refresh` is for a factory, and without a body there is none; write a body, or remove `eager_refresh`
            fatal  <-  `fatal` is for a factory, and without a body there is none; write a body, or remove `fatal`
        "#]],
    );
    check("provided, expires = Args::end", "fn args() -> Args;", &expect![[""]]);
    check("provided, fresh = \"1h\", eager_refresh", "fn args() -> Args { Args::new() }", &expect![[""]]);
}

#[test]
fn t6_linger_of_what_never_ends() {
    check(
        r#"permanent, linger = "5s""#,
        "fn settings() -> Settings { Settings::read() }",
        &expect![[r#"
            linger  <-  a permanent payload never ends, because callers hold `&'static` references to it; remove `linger`, or remove `permanent`
        "#]],
    );
}

#[test]
fn h5_checks() {
    check(
        r#"check, optional = 1, closed_last = true, dispose_timeout = 5"#,
        SEARCH,
        &expect![[r#"
        check  <-  `check` takes the path to a function, or a closure, that takes the payload by reference and returns a `bool`, a `Result`, or a future of one of them; write `check = Pool::ping`
        =  <-  `optional` takes no value; write `optional`
        =  <-  `closed_last` takes no value; write `closed_last`
        5  <-  `dispose_timeout` takes a string literal or a const expression of type `Duration`; write `dispose_timeout = "10s"`
    "#]],
    );
    check(
        "check = Index::ping(), optional, optional",
        SEARCH,
        &expect![[r#"
        Index::ping()  <-  `check` takes the path to a function, or a closure, that takes the payload by reference and returns a `bool`, a `Result`, or a future of one of them; write `check = Pool::ping`
        optional  <-  `optional` is given twice; keep one
    "#]],
    );
    check("check = Index::ping, optional, closed_last, dispose_timeout = LIMIT", SEARCH, &expect![[""]]);
}

#[test]
fn h6_ends_of_what_has_none() {
    check(
        r#"permanent, dispose_timeout = "5s", closed_last"#,
        "fn settings() -> Settings { Settings::read() }",
        &expect![[r#"
            dispose_timeout  <-  `dispose_timeout` has no effect without `dispose`; add `dispose`, or remove `dispose_timeout`
            closed_last  <-  `closed_last` has no effect without `dispose`; add `dispose`, or remove `closed_last`
        "#]],
    );
    check(
        r#"permanent, dispose_timeout = "5s", closed_last, dispose = Settings::write"#,
        "fn settings() -> Settings { Settings::read() }",
        &expect![[""]],
    );
    check(
        r#"provided, dispose_timeout = "5s", closed_last, optional, check = Args::check"#,
        "fn args() -> Args;",
        &expect![[""]],
    );
}

#[test]
fn zeroes() {
    check(
        r#"max_waiters = 0, wait_timeout = "0s", cooldown = "0ms", linger = "0s", dispose_timeout = "0s""#,
        SEARCH,
        &expect![[r#"
            0  <-  a `max_waiters` of zero means no limit; leave `max_waiters` out
            "0s"  <-  a `wait_timeout` of zero means no limit; write `core::time::Duration::ZERO` if that is what you want
            "0ms"  <-  a `cooldown` of zero has no effect; leave `cooldown` out
            "0s"  <-  a `linger` of zero would end a payload at once; leave `linger` out, or say how long it stays
            "0s"  <-  with a `dispose_timeout` of zero nobody would wait for the disposer; leave `dispose_timeout` out, or say how long it may take
        "#]],
    );
    check("max_waiters = MAX, wait_timeout = Duration::ZERO, cooldown = COOLDOWN", SEARCH, &expect![]);
}

#[test]
fn limits_of_a_cell_that_cannot_fail() {
    check(
        r#"wait_timeout = "5s", max_waiters = 4, cooldown = "5s""#,
        "fn search() -> Index { build() }",
        &expect![[r#"
            max_waiters  <-  `max_waiters` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
            wait_timeout  <-  `wait_timeout` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
            cooldown  <-  `cooldown` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
        "#]],
    );
}

#[test]
fn names_that_collide() {
    check(
        "",
        "fn SEARCH() -> Index { build() }",
        &expect![[r#"
        SEARCH  <-  `SEARCH` would name both the function and its static; name the static with `cell = …`
    "#]],
    );
    check(
        "cell = search",
        "fn search() -> Index { build() }",
        &expect![[r#"
        search  <-  `search` would name both the function and its static; name the static with `cell = …`
    "#]],
    );
    check(
        "factory = search",
        "fn search() -> Index { build() }",
        &expect![[r#"
            search  <-  `search` is the name of the accessor or of its static; choose another name for the factory
        "#]],
    );
    check(
        "factory = SEARCH",
        "fn search() -> Index { build() }",
        &expect![[r#"
            SEARCH  <-  `SEARCH` is the name of the accessor or of its static; choose another name for the factory
        "#]],
    );
}

#[test]
fn signatures() {
    check(
        "",
        "const unsafe extern \"C\" fn search<'a, T>(a: u8, b: T) -> Index where T: Clone { build() }",
        &expect![[r#"
            const  <-  a factory runs when the cell is first used, not at compile time; remove `const`
            unsafe  <-  a cell calls its factory from safe code; remove `unsafe`
            extern "C"  <-  a factory is called only from Rust; remove `extern`
            <'a, T>  <-  a factory cannot be generic, because a static has one type; write one factory for each type
        "#]],
    );
    check(
        "",
        "async fn search<'a>() -> Index { build() }",
        &expect![[r#"
            <'a>  <-  a factory cannot have lifetime parameters, because its payload lives in a static; remove them
        "#]],
    );
    check("", "fn search() -> Index where u8: Copy { build() }", &expect![""]);
    check(
        "",
        "fn search(&self) -> Index { build() }",
        &expect![[r#"
            &self  <-  a factory is a free function, so it cannot take `self`; move it out of the `impl` or `trait`
        "#]],
    );
    check(
        "",
        "unsafe extern \"C\" fn search(...) -> Index { build() }",
        &expect![[r#"
            unsafe  <-  a cell calls its factory from safe code; remove `unsafe`
            extern "C"  <-  a factory is called only from Rust; remove `extern`
            ...  <-  a factory cannot be variadic; remove `...`
        "#]],
    );
    check(
        "",
        "fn search() -> Index;",
        &expect![[r#"
            ;  <-  a factory needs a body; write the code that builds the payload, or add the key `provided` if the program provides it
        "#]],
    );
}

#[test]
fn parameters() {
    let parameters = [
        "store: Store",
        "store: &mut Store",
        "store: &'static Store",
        "store: &impl Search",
        "store: Ref<Store>",
        "store: Ref<'_, Store>",
        "store: Ref<'static, Store, u8>",
        "store: Arc<Store>",
        "mut store: &Store",
        "mut store: Ref<'static, Store>",
        "(store, _): &Store",
        "_: &Store",
        "ref store: &Store",
        "store @ Store(_): &Store",
        "#[from] store: &Store",
        "#[from()] store: &Store",
        "#[from = STORE] store: &Store",
        "#[from(\"STORE\")] store: &Store",
        "#[from(STORE, SHOP)] store: &Store",
        "#[from(STORE)] #[from(SHOP)] store: &Store",
        "#[cfg(unix)] store: &Store",
        "store: &Store, #[from(STORE)] shop: &Store",
        "#[from(self::STORE)] store: &Store, #[from(self :: STORE)] shop: &Store",
        "search: &Index",
        "#[from(SEARCH)] store: &Index",
    ];
    let mut lines = String::new();
    for parameter in parameters {
        lines += &mistakes("", &format!("fn search({parameter}) -> Index {{ build() }}"));
    }
    expect![[r#"
        Store  <-  a factory takes nothing but cells: `&T` borrows a payload while the factory runs, and `Ref<'static, T>` keeps a lease on it; get any other value in the body, or make it a cell of its own
        mut  <-  all callers share the payload; remove `mut`
        impl Search  <-  a factory cannot be generic, and `impl Trait` makes it so; name the type, or take a `&dyn …`
        Ref<Store>  <-  a factory takes nothing but cells: `&T` borrows a payload while the factory runs, and `Ref<'static, T>` keeps a lease on it; get any other value in the body, or make it a cell of its own
        Ref<'_, Store>  <-  a factory takes nothing but cells: `&T` borrows a payload while the factory runs, and `Ref<'static, T>` keeps a lease on it; get any other value in the body, or make it a cell of its own
        Ref<'static, Store, u8>  <-  a factory takes nothing but cells: `&T` borrows a payload while the factory runs, and `Ref<'static, T>` keeps a lease on it; get any other value in the body, or make it a cell of its own
        Arc<Store>  <-  a factory takes nothing but cells: `&T` borrows a payload while the factory runs, and `Ref<'static, T>` keeps a lease on it; get any other value in the body, or make it a cell of its own
        mut  <-  a parameter names the cell it comes from; remove `mut`
        mut  <-  a parameter names the cell it comes from; remove `mut`
        (store, _)  <-  a parameter names the cell it comes from; write a plain name, and add `#[from(CELL)]` if the cell has another name
        _  <-  a parameter names the cell it comes from; write a plain name, and add `#[from(CELL)]` if the cell has another name
        ref store  <-  a parameter names the cell it comes from; write a plain name, and add `#[from(CELL)]` if the cell has another name
        store @ Store(_)  <-  a parameter names the cell it comes from; write a plain name, and add `#[from(CELL)]` if the cell has another name
        #[from]  <-  `from` takes the path to a cell's static; write `#[from(STORE)]`
        #[from()]  <-  `from` takes the path to a cell's static; write `#[from(STORE)]`
        #[from = STORE]  <-  `from` takes the path to a cell's static; write `#[from(STORE)]`
        "STORE"  <-  `from` takes the path to a cell's static; write `#[from(STORE)]`
        ,  <-  `from` takes the path to a cell's static; write `#[from(STORE)]`
        #[from(SHOP)]  <-  `from` is given twice; keep one
        #[cfg(unix)]  <-  a cell has the same dependencies in every build; write two functions, each with its own `cfg`
        STORE  <-  `STORE` is injected twice; keep one parameter
        self :: STORE  <-  `self::STORE` is injected twice; keep one parameter
        search  <-  a cell cannot depend on itself; name another cell with `#[from(OTHER)]`
        SEARCH  <-  a cell cannot depend on itself; name another cell with `#[from(OTHER)]`
    "#]].assert_eq(&lines);
}

#[test]
fn parameters_that_name_cells() {
    for parameter in [
        "store: &Store",
        "store: &dyn Search",
        "store: (&Store)",
        "store: &'_ Store",
        "store: Ref<'static, Store>",
        "store: cells::Ref<'static, Store>",
        "#[from(STORE)] shop: &Store, #[from(shops::STORE)] store: &Store",
        "#[from(crate::shops::STORE)] #[allow(unused)] store: &Store,",
    ] {
        assert_eq!(
            mistakes("", &format!("fn search({parameter}) -> Index {{ build() }}")),
            "",
            "{parameter}"
        );
    }
}

#[test]
fn after_lists() {
    let item = "fn search(store: &Store) -> Index { build() }";
    let mut lines = String::new();
    for after in ["STORE", "[]", "[STORE]", "[SEARCH]", "[A, a::B, A]", "[store()]", "[\"A\"]"] {
        lines += &mistakes(&format!("after = {after}"), item);
    }
    expect![[r#"
        STORE  <-  `after` takes a list of cell statics; write `after = [CONFIG, STORE]`
        []  <-  `after` takes a list of cell statics; write `after = [CONFIG, STORE]`
        STORE  <-  `STORE` is injected, so it comes first anyway; remove it from `after`
        SEARCH  <-  a cell cannot come after itself; name another cell
        A  <-  `A` is named twice in `after`; keep one
        store()  <-  `after` takes a list of cell statics; write `after = [CONFIG, STORE]`
        "A"  <-  `after` takes a list of cell statics; write `after = [CONFIG, STORE]`
    "#]]
    .assert_eq(&lines);
}

#[cfg(feature = "tokio")]
#[test]
fn keys_of_async_cells() {
    let plain = "fn search() -> Index { build() }";
    let task = "async fn search() -> Index { build() }";
    check(
        "detached, runtime = \"own\"",
        plain,
        &expect![[r#"
            detached  <-  `detached` needs an `async fn` or the key `blocking`; add one of them, or remove `detached`
            runtime  <-  `runtime` needs an `async fn` or the key `blocking`; add one of them, or remove `runtime`
        "#]],
    );
    check("detached, runtime = \"own\", blocking", plain, &expect![]);
    check("detached, runtime = \"own\"", task, &expect![]);
    check(
        "blocking",
        task,
        &expect![[r#"
        blocking  <-  an `async fn` must not block; remove `async`, or remove `blocking`
    "#]],
    );
    check(
        "runtime = \"shared\"",
        task,
        &expect![[r#"
            "shared"  <-  `runtime` takes only `"own"`; write `runtime = "own"`
        "#]],
    );
}

#[test]
fn keys_that_a_permanent_cell_refuses() {
    let plain = "fn search() -> Index { build() }";
    check(
        "permanent, dispose = drop",
        plain,
        &expect![[r#"
            drop  <-  a permanent payload is never dropped, because callers hold `&'static` references to it; name a function that takes `&T`, or leave `dispose` out
        "#]],
    );
    check(
        "permanent, dispose = Index::save",
        "async fn search() -> Index { build() }",
        &expect![[r#"
            permanent  <-  a permanent cell is built on its caller's thread; remove `async`, or remove `permanent`
        "#]],
    );
    #[cfg(feature = "tokio")]
    check(
        "blocking, detached, runtime = \"own\", permanent",
        plain,
        &expect![[r#"
            blocking  <-  a permanent cell is built on its caller's thread; remove `blocking`, or remove `permanent`
            detached  <-  a permanent cell is built on its caller's thread; remove `detached`, or remove `permanent`
            runtime  <-  a permanent cell is built on its caller's thread; remove `runtime`, or remove `permanent`
        "#]],
    );
    check(
        "permanent, cooldown = \"5s\"",
        plain,
        &expect![[r#"
            cooldown  <-  `cooldown` needs a cell that can fail; return a `Result`, or add `fallible` if the return type is an alias for one
        "#]],
    );
}

#[test]
fn return_types() {
    check(
        "",
        "fn search() { build() }",
        &expect![[r#"
        search  <-  a factory returns the payload; write `-> T` or `-> Result<T, E>`
    "#]],
    );
    check(
        "",
        "fn search() -> ! { build() }",
        &expect![[r#"
        !  <-  a factory returns the payload; write `-> T` or `-> Result<T, E>`
    "#]],
    );
    check(
        "",
        "fn search() -> impl Search { build() }",
        &expect![[r#"
            impl Search  <-  a static needs a type that has a name, and `impl Trait` has none; name the type, or return a `Box<dyn …>`
        "#]],
    );
    check(
        "",
        "fn search() -> Result<Box<impl Search>, E> { build() }",
        &expect![[r#"
            impl Search  <-  a static needs a type that has a name, and `impl Trait` has none; name the type, or return a `Box<dyn …>`
        "#]],
    );
    check(
        "",
        "fn search() -> &str { build() }",
        &expect![[r#"
            &  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
        "#]],
    );
    check(
        "",
        "fn search() -> Result<Vec<&'a mut Cow<'_, [&u8]>>, E<'e>> { build() }",
        &expect![[r#"
            'a  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
            '_  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
            &  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
            'e  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
        "#]],
    );
    check(
        "",
        "fn search() -> Box<dyn Search<'_, Item = &u8> + 'a> { build() }",
        &expect![[r#"
            '_  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
            &  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
            'a  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
        "#]],
    );
}

#[test]
fn static_and_higher_ranked_borrows_are_fine() {
    for payload in [
        "&'static str",
        "Cow<'static, str>",
        "Box<dyn Fn(&str) -> &str + Send + Sync>",
        "fn(&str) -> &str",
        "Box<dyn for<'a> Search<'a> + Send + Sync>",
    ] {
        assert_eq!(mistakes("", &format!("fn search() -> {payload} {{ build() }}")), "", "{payload}");
    }
}

#[test]
fn items_that_are_not_functions() {
    check(
        "",
        "pub struct Search;",
        &expect![[r#"
        struct  <-  `#[runtime_cell]` belongs on a function; write one that returns the payload
    "#]],
    );
    check(
        "",
        "#[doc = \"\"] const fn_: u8 = 5;",
        &expect![[r#"
        const  <-  `#[runtime_cell]` belongs on a function; write one that returns the payload
    "#]],
    );
    check(
        "",
        "impl Search {}",
        &expect![[r#"
        impl  <-  `#[runtime_cell]` belongs on a function; write one that returns the payload
    "#]],
    );
    check(
        "",
        "extern \"C\" { }",
        &expect![[r#"
        extern  <-  `#[runtime_cell]` belongs on a function; write one that returns the payload
    "#]],
    );
}

#[test]
fn mistakes_everywhere_are_reported_together() {
    check(
        r#"colour = "red", cooldown = "soon""#,
        "async fn search(a: u8) -> &str { build() }",
        &expect![[r#"
            colour  <-  unknown key `colour`; the known keys are `name`, `cell`, `factory`, `fallible`, `infallible`, `permanent`, `provided`, `eager`, `after`, `blocking`, `detached`, `runtime`, `max_waiters`, `wait_timeout`, `cooldown`, `retry`, `backoff`, `transient`, `fresh`, `eager_refresh`, `fatal`, `expires`, `linger`, `dispose`, `dispose_timeout`, `closed_last`, `optional`, `check`, `observer`, `adjuster`, `crate`
            "soon"  <-  `soon` is not a duration; write a whole number followed by `ms`, `s`, `m` or `h`, as in `5s`
            &  <-  a payload lives in a static, so it cannot borrow from anything shorter-lived; return an owned value, or make this `'static`
            u8  <-  a factory takes nothing but cells: `&T` borrows a payload while the factory runs, and `Ref<'static, T>` keeps a lease on it; get any other value in the body, or make it a cell of its own
        "#]],
    );
}

fn after(args: &str, item: &str, expected: &Expect) {
    expected.assert_eq(&expansion(args, item));
}

#[test]
fn after_a_wrong_argument_the_cell_is_emitted() {
    after(
        "colour = \"red\", cooldown = \"soon\"",
        "fn search() -> io::Result<Index> { open() }",
        &expect![[r##"
            #[inline]
            fn search() -> ::core::result::Result<::cells::Ref<'static, Index>, ::cells::Error> {
                ::cells::StaticCell::get(&__cell_search)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::CellStatic<::cells::StaticCell<Index, __cell_search>> = ::cells::CellStatic::new(
                &__cell_search,
                &search,
            );
            #[doc(hidden)]
            enum __cell_search {}
            static __cell_search: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn search() -> io::Result<Index> {
                    open()
                }
                impl ::cells::Declared<Index> for __cell_search {
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "search",
                            "SEARCH",
                            "Index",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Index> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Index>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<io::Result<Index>> for __cell_search {
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<io::Result<Index>>::KEEP
                    };
                    const BUILD: fn() -> io::Result<Index> = search;
                }
                ::cells::__private010::register! {
                    __cell_search
                }
            };
        "##]],
    );
}

#[test]
fn after_a_wrong_signature_the_factory_is_checked_but_not_called() {
    after(
        "",
        "unsafe fn search<'a>(path: &'a str) -> &'a str { path }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            fn search() -> ::cells::Ref<'static, &'static str> {
                ::cells::StaticCell::get(&__cell_search)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::CellStatic<::cells::StaticCell<&'static str, __cell_search>> = ::cells::CellStatic::new(
                &__cell_search,
                &search,
            );
            #[doc(hidden)]
            enum __cell_search {}
            static __cell_search: ::cells::StaticCell<&'static str, __cell_search> = ::cells::StaticCell::new();
            const _: () = {
                unsafe fn search<'a>(path: &'a str) -> &'static str {
                    path
                }
                impl ::cells::Declared<&'static str> for __cell_search {
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "search",
                            "SEARCH",
                            "&'static str",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .dependencies({
                            static __DEPENDENCIES: [::cells::__private010::Dependency; 1] = [
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&PATH))
                                }),
                            ];
                            &__DEPENDENCIES
                        })
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<&'static str> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<&'static str>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<
                    ::core::result::Result<&'static str, ::cells::BoxError>,
                > for __cell_search {
                    const BUILD: fn() -> ::core::result::Result<&'static str, ::cells::BoxError> = ||
                    { ::core::panic!() };
                }
                ::cells::__private010::register! {
                    __cell_search
                }
            };
        "##]],
    );
}

#[test]
fn where_there_can_be_no_cell_the_item_comes_back() {
    for item in [
        "fn search() -> impl Search { open() }",
        "fn search<T>() -> T { open() }",
        "fn search() -> Vec<_> { open() }",
        "struct Search;",
    ] {
        assert_eq!(
            expansion("", item),
            prettyplease::unparse(&syn::parse_str(item).expect("an item")),
            "{item}"
        );
    }
}

#[test]
fn what_is_left_to_the_compiler() {
    check("", "fn search() -> Vec<_> { open() }", &expect![]);
}

#[test]
fn y9_a_value_that_ends_early_is_reported_at_its_last_token() {
    let mut lines = String::new();
    for args in [
        "observer = cells::",
        "observer = cells::, eager",
        "observer = Foo { a: }",
        "observer = move ||",
        "observer = <Foo as",
        "observer = f(a, b.)",
        "observer = f(a b)",
        "observer = match x",
        "observer = x as",
        "observer = vec!",
        "observer = -",
        "cooldown = \"5s\" +",
        "max_waiters = 4 *",
        "dispose = Pool::",
        "crate = ::",
        "cell = a::",
        "after = [a::]",
        "after = [A B]",
        "after = [A, ,]",
        "name =",
        "name",
        "=",
        "= 5",
        ",",
    ] {
        lines += &mistakes(args, SEARCH).replacen("  <-", &format!("  of  {args}  <-"), 1);
    }
    for parameter in ["#[from(a::)] store: &Store", "#[from(A,)] store: &Store", "#[from(A B)] store: &Store"]
    {
        lines += &mistakes("", &format!("fn search({parameter}) -> Index {{ build() }}"));
    }
    let lines: String =
        lines.lines().map(|line| line.split(';').next().unwrap_or(line).to_owned() + "\n").collect();
    expect![[r#"
        :  of  observer = cells::  <-  `observer` takes an expression whose type implements `Observer`
        :  of  observer = cells::, eager  <-  `observer` takes an expression whose type implements `Observer`
        }  of  observer = Foo { a: }  <-  `observer` takes an expression whose type implements `Observer`
        |  of  observer = move ||  <-  `observer` takes an expression whose type implements `Observer`
        as  of  observer = <Foo as  <-  `observer` takes an expression whose type implements `Observer`
        )  of  observer = f(a, b.)  <-  `observer` takes an expression whose type implements `Observer`
        b  of  observer = f(a b)  <-  `observer` takes an expression whose type implements `Observer`
        x  of  observer = match x  <-  `observer` takes an expression whose type implements `Observer`
        as  of  observer = x as  <-  `observer` takes an expression whose type implements `Observer`
        !  of  observer = vec!  <-  `observer` takes an expression whose type implements `Observer`
        -  of  observer = -  <-  `observer` takes an expression whose type implements `Observer`
        +  of  cooldown = "5s" +  <-  `cooldown` takes a string literal or a const expression of type `Duration`, or a range of two
        *  of  max_waiters = 4 *  <-  `max_waiters` takes a positive integer or a const expression of type `usize`
        :  of  dispose = Pool::  <-  `dispose` takes the path to a function
        :  of  crate = ::  <-  `crate` takes the path to the crate `cells`
        :  of  cell = a::  <-  `cell` takes a name for the static
        ]  of  after = [a::]  <-  `after` takes a list of cell statics
        B  of  after = [A B]  <-  `after` takes a list of cell statics
        ,  of  after = [A, ,]  <-  `after` takes a list of cell statics
        =  of  name =  <-  `name` takes a non-empty string literal
        name  of  name  <-  `name` takes a non-empty string literal
        =  of  =  <-  expected a key
        =  of  = 5  <-  expected a key
        ,  of  ,  <-  expected a key
        :  <-  `from` takes the path to a cell's static
        ,  <-  `from` takes the path to a cell's static
        B  <-  `from` takes the path to a cell's static
    "#]].assert_eq(&lines);
}

#[test]
fn y8_a_mistaken_key_counts_as_the_one_that_was_meant() {
    for (args, meant) in [
        ("permanent = true", "permanent"),
        ("permanent(yes)", "permanent"),
        ("permanent = false", ""),
        ("permanant", "permanent"),
        ("eagre", "eager"),
        ("eager = 5", "eager"),
        ("cel = POOL", "cell = POOL"),
        ("cell = \"POOL\"", "cell = POOL"),
        ("cell = pools::POOL", "cell = POOL"),
        ("cell = self", ""),
        ("factory = build()", "factory = build"),
        ("crate = \"a::b\"", "crate = a::b"),
        ("crate = std", ""),
        ("dispos = Index::save", "dispose = Index::save"),
        ("colour = A::<B, C>::new(), eager", "eager"),
        ("nam = 5, name = \"index\"", "name = \"index\""),
    ] {
        assert_eq!(expansion(args, SEARCH), expansion(meant, SEARCH), "{args}");
        assert_eq!(mistakes(args, SEARCH).lines().count(), 1, "{args}");
    }
}

#[cfg(feature = "tokio")]
#[test]
fn y8_a_mistaken_key_of_an_async_cell_counts_too() {
    for (args, meant) in [("blockin", "blocking"), ("blocking = \"yes\"", "blocking")] {
        assert_eq!(expansion(args, SEARCH), expansion(meant, SEARCH), "{args}");
    }
    let item = "async fn search() -> Index { build().await }";
    for (args, meant) in [
        ("detached()", "detached"),
        ("runtime", "runtime = \"own\""),
        ("runtime = own", "runtime = \"own\""),
        ("runtimes = \"own\"", "runtime = \"own\""),
    ] {
        assert_eq!(expansion(args, item), expansion(meant, item), "{args}");
        assert_eq!(mistakes(args, item).lines().count(), 1, "{args}");
    }
}

#[cfg(not(feature = "tokio"))]
#[test]
fn y14_a_key_without_its_feature_is_reported_once() {
    for (args, item) in [
        ("detached", "fn search() -> Index { build() }"),
        ("detached", "async fn search() -> Index { build() }"),
        ("blocking", "async fn search() -> Index { build() }"),
        ("permanent, blocking", "fn search() -> Index { build() }"),
        ("runtime = \"own\"", "fn search() -> Index { build() }"),
    ] {
        let lines = mistakes(args, item);
        assert_eq!(lines.matches("needs the feature `tokio`").count(), 1, "{lines}");
        assert_eq!(lines.lines().count(), 1, "{lines}");
    }
}

#[test]
fn y6_what_the_compiler_has_reported_is_not_reported_again() {
    for (item, read) in [
        ("fn search(num: ) -> Index { num }", "fn search() -> Index"),
        ("fn search(num) -> Index { num }", "fn search() -> Index"),
        ("fn search(store: &mut) -> Result<Index, E> { store }", "fn search() -> Result<Index, E>"),
        (
            "async fn search(a b: &u8, #[from(X)] c: HashMap<u8, &) -> Index { a }",
            "async fn search() -> Index",
        ),
        ("fn search(-> Index) -> Index { a }", "fn search() -> Index"),
        ("fn search() => Index { build() }", "fn search() -> Index"),
        ("fn search(): Result<Index, E> { build() }", "fn search() -> Result<Index, E>"),
        ("fn search -> Index { build() }", "fn search() -> Index"),
        ("pub(craet) fn search() -> Index { build() }", "pub fn search() -> Index"),
        ("fn search(store: &Store = 5) -> Index { build() }", "fn search() -> Index"),
    ] {
        assert_eq!(mistakes("", item), "", "{item}");
        let accessor = |item: &str| expansion("", item).split('{').next().map(str::to_owned);
        assert_eq!(accessor(item), accessor(&format!("{read} {{ build() }}")), "{item}");
    }
    let lines = mistakes("", "unsafe const fn search() -> Index { build() }");
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert_eq!(
        mistakes("", "fn search(a: , ..., store: Store) -> Index { build() }").lines().count(),
        2,
        "what only we refuse is reported all the same"
    );
}

#[test]
fn y10_places_without_statics() {
    let mut lines = String::new();
    for item in [
        "fn search(&self) -> Index { build() }",
        "fn search(self) -> Index { build() }",
        "fn search(self) -> Index { self.build() }",
        "fn search(store: &Self) -> Index { build() }",
        "fn search() -> Result<Self, E> { build() }",
        "fn search() -> Index { if true { Self::build() } }",
        "fn search<T>(store: &T) -> Index { build() }",
        "fn main() {}",
    ] {
        lines += &mistakes("", item);
    }
    expect![[r#"
        &self  <-  a factory is a free function, so it cannot take `self`; move it out of the `impl` or `trait`
        self  <-  a factory is a free function, so it cannot take `self`; move it out of the `impl` or `trait`
        self  <-  a factory is a free function, so it cannot take `self`; move it out of the `impl` or `trait`
        Self  <-  a factory is a free function, where `Self` means nothing; move it out of the `impl` or `trait`, and name the type
        Self  <-  a factory is a free function, where `Self` means nothing; move it out of the `impl` or `trait`, and name the type
        Self  <-  a factory is a free function, where `Self` means nothing; move it out of the `impl` or `trait`, and name the type
        <T>  <-  a factory cannot be generic, because a static has one type; write one factory for each type
        main  <-  `main` is where the program starts, so it cannot be an accessor; choose another name
    "#]].assert_eq(&lines);
    for item in [
        "fn search() -> Index { struct A; impl A { fn new() -> Self { A } } build() }",
        "fn search() -> Index { { trait A { fn new() -> Self; } } build() }",
        "fn search() -> Index { define!(Self) }",
    ] {
        assert_eq!(mistakes("", item), "", "{item}");
    }
}

#[test]
fn y7_fallible_without_a_result() {
    for payload in ["u8", "&'static str", "(A, B)", "[u8; 4]", "fn() -> A"] {
        let lines = mistakes("fallible", &format!("fn search() -> {payload} {{ build() }}"));
        assert!(
            lines.starts_with(&format!("{payload}  <-  a fallible factory returns a `Result`")),
            "{lines}"
        );
        assert_eq!(lines.lines().count(), 1, "{lines}");
    }
    for alias in ["Fallible", "fallible::Of<Index>", "alias!()"] {
        assert_eq!(mistakes("fallible", &format!("fn search() -> {alias} {{ build() }}")), "", "{alias}");
    }
}

#[test]
fn a_malformed_attribute_stays_on_one_item() {
    for attribute in
        ["#[allow = \"x\"]", "#[deprecated(why = \"x\")]", "#[deprecated = 5]", "#[doc(inline)]", "#[warn]"]
    {
        let expanded = expansion("", &format!("{attribute} fn search() -> Index {{ build() }}"));
        assert_eq!(expanded.matches(attribute).count(), 1, "{attribute}: {expanded}");
    }
}

#[test]
fn v1_what_is_about_the_factory_needs_a_body() {
    let item = "#[inline] #[doc = \"Docs.\"] #[allow(unused)] #[must_use] fn args(store: &Store, #[from(A)] b: &B) -> Result<Args, E>;";
    check(
        "provided, factory = build_args, max_waiters = 4, wait_timeout = \"5s\", cooldown = \"5s\", adjuster = Noop",
        item,
        &expect![[r#"
            factory  <-  `factory` is for a factory, and without a body there is none; write a body, or remove `factory`
            max_waiters  <-  `max_waiters` is for a factory, and without a body there is none; write a body, or remove `max_waiters`
            wait_timeout  <-  `wait_timeout` is for a factory, and without a body there is none; write a body, or remove `wait_timeout`
            cooldown  <-  `cooldown` is for a factory, and without a body there is none; write a body, or remove `cooldown`
            adjuster  <-  `adjuster` is for a factory, and without a body there is none; write a body, or remove `adjuster`
            store: &Store, #[from(A)] b: &B  <-  parameters are for a factory, and without a body there is none; write a body, or remove them
            #[inline]  <-  this attribute is for a factory, and without a body there is none; remove it
        "#]],
    );
    check("provided, observer = O, dispose = drop, eager, after = [STORE]", "fn args() -> Args;", &expect![]);
    check("provided, permanent, name = \"arguments\", cell = ARGUMENTS", "fn args() -> Args;", &expect![]);
    check("provided, infallible", "fn args() -> Result<u8, u8>;", &expect![]);
    check("provided, fallible", "fn args() -> Alias;", &expect![]);
    check(
        "provided",
        "fn args();",
        &expect![[r#"
        args  <-  a factory returns the payload; write `-> T` or `-> Result<T, E>`
    "#]],
    );
    check(
        "",
        "fn args() -> Args;",
        &expect![[r#"
        ;  <-  a factory needs a body; write the code that builds the payload, or add the key `provided` if the program provides it
    "#]],
    );
    check(
        "provide",
        "fn args() -> Args;",
        &expect![[r#"
        provide  <-  unknown key `provide`; did you mean `provided`?
    "#]],
    );
}

#[cfg(feature = "tokio")]
#[test]
fn v1_where_the_factory_runs_needs_a_body() {
    check(
        "provided, blocking",
        "fn args() -> Args;",
        &expect![[r#"
            blocking  <-  `blocking` is for a factory, and without a body there is none; write a body, or remove `blocking`
        "#]],
    );
    check(
        "provided, detached",
        "async fn args() -> Args;",
        &expect![[r#"
            detached  <-  `detached` is for a factory, and without a body there is none; write a body, or remove `detached`
        "#]],
    );
    check("provided, runtime = \"own\"", "async fn args() -> Args;", &expect![]);
}
