use super::{expansion, mistakes};
use expect_test::{Expect, expect};

#[track_caller]
fn check(args: &str, item: &str, expected: &Expect) {
    assert_eq!(mistakes(args, item), "");
    expected.assert_eq(&expansion(args, item));
}

#[test]
fn fallible() {
    let item = r#"
        /// The search index.
        pub(crate) fn search() -> Result<Index, IndexError> { Index::open("./index") }
    "#;
    check(
        r#"name = "search", cooldown = "5s""#,
        item,
        &expect![[r#"
            /// The search index.
            #[inline]
            pub(crate) fn search() -> ::core::result::Result<
                ::cells::Ref<'static, Index>,
                ::cells::Error,
            > {
                ::cells::StaticCell::get(&SEARCH)
            }
            /// The cell behind `search()`.
            pub(crate) static SEARCH: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
            enum __cell_search {}
            const _: () = {
                fn search() -> Result<Index, IndexError> {
                    Index::open("./index")
                }
                impl ::cells::Declared for __cell_search {
                    type Payload = Index;
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
                        .cooldown(::core::time::Duration::from_secs(5))
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Index, IndexError>>::KEEP
                    };
                    type Output = Result<Index, IndexError>;
                    const BUILD: fn() -> Self::Output = search;
                }
                ::cells::__private010::register! {
                    SEARCH
                }
            };
        "#]],
    );
}

#[test]
fn m8_the_expansion_is_short() {
    let expansion =
        expansion("cooldown = \"5s\"", "fn search() -> Result<Index, IndexError> { Index::open() }");
    assert!(expansion.lines().count() < 45, "{expansion}");
}

#[test]
fn infallible() {
    check(
        "",
        "fn table() -> HashMap<String, u8> { HashMap::new() }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            fn table() -> ::cells::Ref<'static, HashMap<String, u8>> {
                ::cells::StaticCell::get(&TABLE)
            }
            /// The cell behind `table()`.
            static TABLE: ::cells::StaticCell<HashMap<String, u8>, __cell_table> = ::cells::StaticCell::new();
            enum __cell_table {}
            const _: () = {
                fn table() -> HashMap<String, u8> {
                    HashMap::new()
                }
                impl ::cells::Declared for __cell_table {
                    type Payload = HashMap<String, u8>;
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "table",
                            "TABLE",
                            "HashMap<String, u8>",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    type Output = HashMap<String, u8>;
                    const BUILD: fn() -> Self::Output = table;
                }
                ::cells::__private010::register! {
                    TABLE
                }
            };
        "##]],
    );
}

#[test]
fn every_key() {
    let args = r#"name = "index", cell = INDEX, factory = build_search, max_waiters = 64, wait_timeout = "250ms",
        cooldown = COOLDOWN, dispose = Index::close, observer = Log, adjuster = Trace::new(), crate = ::other"#;
    check(
        args,
        "pub fn search() -> io::Result<Index> { Index::open() }",
        &expect![[r##"
            #[inline]
            pub fn search() -> ::core::result::Result<::other::Ref<'static, Index>, ::other::Error> {
                ::other::StaticCell::get(&INDEX)
            }
            /// Builds what `search()` gives out, without its cell.
            pub fn build_search() -> io::Result<Index> {
                Index::open()
            }
            /// The cell behind `search()`.
            pub static INDEX: ::other::StaticCell<Index, __cell_search> = ::other::StaticCell::new();
            enum __cell_search {}
            const _: () = {
                impl ::other::Declared for __cell_search {
                    type Payload = Index;
                    type Mode = ::other::__private010::Fallible;
                    const INFO: &'static ::other::CellInfo = &::other::CellInfo::new::<
                        Self,
                    >(
                            "index",
                            "INDEX",
                            "Index",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .max_waiters(64)
                        .wait_timeout(::core::time::Duration::from_millis(250))
                        .cooldown(COOLDOWN)
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::other::Disposer<Self::Payload> = ::other::Disposer::with(|
                            payload: Self::Payload|
                        {
                            use ::other::__private010::ReturnedAsIs as _;
                            ::other::__private010::Disposed::into_disposed(
                                ::other::__private010::Returned(Index::close(payload)).now().0,
                            )
                        })
                        .labelled("Index::close");
                    const OBSERVER: ::core::option::Option<
                        fn() -> ::std::sync::Arc<dyn ::other::Observer>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Log));
                    const ADJUSTER: ::core::option::Option<
                        fn() -> ::std::sync::Arc<dyn ::other::FactoryAdjuster<Self::Payload>>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Trace::new()));
                    const KEEP: ::other::__private010::Keep = {
                        use ::other::__private010::ResolveKeep as _;
                        ::other::__private010::Resolve::<io::Result<Index>>::KEEP
                    };
                    type Output = io::Result<Index>;
                    const BUILD: fn() -> Self::Output = build_search;
                }
                ::other::__private010::register! {
                    INDEX
                }
            };
        "##]],
    );
}

#[test]
fn an_alias_by_another_name_and_a_plain_drop() {
    check(
        "fallible, dispose = drop",
        "fn search() -> Opened { Index::open() }",
        &expect![[r##"
            #[inline]
            fn search() -> ::core::result::Result<
                ::cells::Ref<'static, <Opened as ::cells::__private010::Alias>::Payload>,
                ::cells::Error,
            > {
                ::cells::StaticCell::get(&SEARCH)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::StaticCell<
                <Opened as ::cells::__private010::Alias>::Payload,
                __cell_search,
            > = ::cells::StaticCell::new();
            enum __cell_search {}
            const _: () = {
                fn search() -> Opened {
                    Index::open()
                }
                impl ::cells::Declared for __cell_search {
                    type Payload = <Opened as ::cells::__private010::Alias>::Payload;
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "search",
                            "SEARCH",
                            "Opened",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = ::cells::Disposer::drop();
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Opened>::KEEP
                    };
                    type Output = ::core::result::Result<Self::Payload, ::cells::BoxError>;
                    const BUILD: fn() -> Self::Output = || -> Self::Output {
                        ::cells::__private010::FactoryOutput::into_result(search(), Self::KEEP)
                    };
                }
                ::cells::__private010::register! {
                    SEARCH
                }
            };
        "##]],
    );
}

#[test]
fn an_alias_named_result() {
    check(
        "",
        "fn search() -> fmt::Result { Ok(()) }",
        &expect![[r##"
            #[inline]
            fn search() -> ::core::result::Result<
                ::cells::Ref<'static, <fmt::Result as ::cells::__private010::Alias>::Payload>,
                ::cells::Error,
            > {
                ::cells::StaticCell::get(&SEARCH)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::StaticCell<
                <fmt::Result as ::cells::__private010::Alias>::Payload,
                __cell_search,
            > = ::cells::StaticCell::new();
            enum __cell_search {}
            const _: () = {
                fn search() -> fmt::Result {
                    Ok(())
                }
                impl ::cells::Declared for __cell_search {
                    type Payload = <fmt::Result as ::cells::__private010::Alias>::Payload;
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "search",
                            "SEARCH",
                            "fmt::Result",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<fmt::Result>::KEEP
                    };
                    type Output = ::core::result::Result<Self::Payload, ::cells::BoxError>;
                    const BUILD: fn() -> Self::Output = || -> Self::Output {
                        ::cells::__private010::FactoryOutput::into_result(search(), Self::KEEP)
                    };
                }
                ::cells::__private010::register! {
                    SEARCH
                }
            };
        "##]],
    );
}

#[test]
fn attributes() {
    let item = r#"
        /// The search index.
        #[cfg(unix)]
        #[doc(hidden)]
        #[deprecated]
        #[must_use]
        #[allow(clippy::pedantic)]
        #[expect(unused)]
        #[tracing::instrument]
        fn search() -> Index { Index::new() }
    "#;
    check(
        "factory = build_search",
        item,
        &expect![[r##"
            #[cfg(unix)]
            /// The search index.
            #[doc(hidden)]
            #[deprecated]
            #[allow(deprecated)]
            #[allow(clippy::pedantic)]
            #[allow(unused)]
            #[inline]
            #[track_caller]
            fn search() -> ::cells::Ref<'static, Index> {
                ::cells::StaticCell::get(&SEARCH)
            }
            #[cfg(unix)]
            /// Builds what `search()` gives out, without its cell.
            #[must_use]
            #[allow(clippy::pedantic)]
            #[allow(unused)]
            #[tracing::instrument]
            fn build_search() -> Index {
                Index::new()
            }
            #[cfg(unix)]
            /// The cell behind `search()`.
            #[doc(hidden)]
            #[deprecated]
            #[allow(clippy::pedantic)]
            #[allow(unused)]
            static SEARCH: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
            #[cfg(unix)]
            enum __cell_search {}
            #[cfg(unix)]
            const _: () = {
                #[allow(clippy::pedantic)]
                #[allow(unused)]
                impl ::cells::Declared for __cell_search {
                    type Payload = Index;
                    type Mode = ::cells::__private010::Infallible;
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
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    type Output = Index;
                    const BUILD: fn() -> Self::Output = build_search;
                }
                ::cells::__private010::register! {
                    #[allow(deprecated)] #[allow(clippy::pedantic)] #[allow(unused)] SEARCH
                }
            };
        "##]],
    );
}

#[test]
fn dependencies() {
    let item = r#"
        fn search(store: &Store, #[from(crate::shops::SHOP)] shop: Ref<'static, Shop>) -> Result<Index, E> {
            Index::open(store, shop)
        }
    "#;
    check(
        "eager, after = [CONFIG]",
        item,
        &expect![[r##"
            #[inline]
            fn search() -> ::core::result::Result<::cells::Ref<'static, Index>, ::cells::Error> {
                ::cells::StaticCell::get(&SEARCH)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
            enum __cell_search {}
            const _: () = {
                fn search(store: &Store, shop: Ref<'static, Shop>) -> Result<Index, E> {
                    Index::open(store, shop)
                }
                impl ::cells::Declared for __cell_search {
                    type Payload = Index;
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
                        .eager()
                        .dependencies({
                            static __DEPENDENCIES: [::cells::__private010::Dependency; 3] = [
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&STORE))
                                }),
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&crate::shops::SHOP))
                                }),
                                ::cells::__private010::Dependency::after({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&CONFIG))
                                }),
                            ];
                            &__DEPENDENCIES
                        })
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Index, E>>::KEEP
                    };
                    type Output = ::core::result::Result<Self::Payload, ::cells::BoxError>;
                    const BUILD: fn() -> Self::Output = || -> Self::Output {
                        ::cells::__private010::FactoryOutput::into_result(
                            search(
                                &*::cells::__private010::lend(::cells::__private010::cell(&STORE))?,
                                ::cells::__private010::leased(
                                    ::cells::__private010::lend(
                                        ::cells::__private010::cell(&crate::shops::SHOP),
                                    )?,
                                ),
                            ),
                            Self::KEEP,
                        )
                    };
                }
                ::cells::__private010::register! {
                    SEARCH
                }
            };
        "##]],
    );
}

#[test]
fn dependencies_of_an_infallible_cell() {
    check(
        "factory = build_search",
        "fn search(store: &Store) -> Index { Index::open(store) }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            fn search() -> ::cells::Ref<'static, Index> {
                ::cells::StaticCell::get(&SEARCH)
            }
            /// Builds what `search()` gives out, without its cell.
            fn build_search(store: &Store) -> Index {
                Index::open(store)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
            enum __cell_search {}
            const _: () = {
                impl ::cells::Declared for __cell_search {
                    type Payload = Index;
                    type Mode = ::cells::__private010::Infallible;
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
                        .dependencies({
                            static __DEPENDENCIES: [::cells::__private010::Dependency; 1] = [
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&STORE))
                                }),
                            ];
                            &__DEPENDENCIES
                        })
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    type Output = ::core::result::Result<Self::Payload, ::cells::BoxError>;
                    const BUILD: fn() -> Self::Output = || -> Self::Output {
                        ::cells::__private010::FactoryOutput::into_result(
                            build_search(
                                &*::cells::__private010::lend_infallible(
                                    ::cells::__private010::cell(&STORE),
                                )?,
                            ),
                            Self::KEEP,
                        )
                    };
                }
                ::cells::__private010::register! {
                    SEARCH
                }
            };
        "##]],
    );
}

#[test]
fn asynchronous() {
    check(
        "dispose = Pool::shut, observer = Log, adjuster = Trace",
        "async fn pool(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> { Pool::open(config).await }",
        &expect![[r##"
            #[inline]
            async fn pool() -> ::core::result::Result<::cells::Ref<'static, Pool>, ::cells::Error> {
                ::cells::AsyncCell::get(&POOL).await
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::AsyncCell<Pool, __cell_pool> = ::cells::AsyncCell::new();
            enum __cell_pool {}
            const _: () = {
                async fn pool(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> {
                    Pool::open(config).await
                }
                impl ::cells::DeclaredAsync for __cell_pool {
                    type Payload = Pool;
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "pool",
                            "POOL",
                            "Pool",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .dependencies({
                            static __DEPENDENCIES: [::cells::__private010::Dependency; 2] = [
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&CONFIG))
                                }),
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&STORE))
                                }),
                            ];
                            &__DEPENDENCIES
                        })
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = ::cells::Disposer::resolving(|
                            payload: Self::Payload|
                        {
                            use ::cells::__private010::ReturnedAsIs as _;
                            ::cells::__private010::IntoDisposing::into_disposing(
                                ::cells::__private010::Returned(Pool::shut(payload)).now().later().0,
                            )
                        })
                        .labelled("Pool::shut");
                    const OBSERVER: ::core::option::Option<
                        fn() -> ::std::sync::Arc<dyn ::cells::Observer>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Log));
                    const ADJUSTER: ::core::option::Option<
                        fn() -> ::std::sync::Arc<dyn ::cells::AsyncFactoryAdjuster<Self::Payload>>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Trace));
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Pool, E>>::KEEP
                    };
                    async fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                        ::cells::__private010::FactoryOutput::into_result(
                            pool(
                                    &*::cells::__private010::lend_async(
                                            ::cells::__private010::cell(&CONFIG),
                                        )
                                        .await?,
                                    ::cells::__private010::leased(
                                        ::cells::__private010::lend_async(
                                                ::cells::__private010::cell(&STORE),
                                            )
                                            .await?,
                                    ),
                                )
                                .await,
                            Self::KEEP,
                        )
                    }
                }
                ::cells::__private010::register! {
                    POOL
                }
            };
        "##]],
    );
}

#[test]
fn asynchronous_and_infallible() {
    check(
        "",
        "pub async fn table() -> Table { Table::new() }",
        &expect![[r##"
            #[inline]
            pub async fn table() -> ::cells::Ref<'static, Table> {
                ::cells::AsyncCell::get(&TABLE).await
            }
            /// The cell behind `table()`.
            pub static TABLE: ::cells::AsyncCell<Table, __cell_table> = ::cells::AsyncCell::new();
            enum __cell_table {}
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                async fn table() -> Table {
                    Table::new()
                }
                impl ::cells::DeclaredAsync for __cell_table {
                    type Payload = Table;
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "table",
                            "TABLE",
                            "Table",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    async fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                        ::cells::__private010::FactoryOutput::into_result(table().await, Self::KEEP)
                    }
                }
                ::cells::__private010::register! {
                    TABLE
                }
            };
        "##]],
    );
}

/// Attributes, backtraces and `type_name` show the user's name, which in the body is still that of the accessor.
#[test]
fn y16_the_factory_has_the_name_of_the_function() {
    let hidden = |item| {
        let expansion = expansion("", item).replace(char::is_whitespace, "");
        let hidden = expansion.split("const_:()={").nth(1).unwrap_or_default();
        hidden.split("impl::cells").next().unwrap_or_default().to_owned()
    };
    let instrumented = hidden("#[instrument] fn table() -> Table { Table::new() }");
    assert_eq!(instrumented, "#[instrument]fntable()->Table{Table::new()}");
    let recursive = hidden("fn table() -> Table { #![allow(x)] Table::with(|| table) }");
    assert_eq!(
        recursive,
        "fntable()->Table{#![allow(x)]fntable()->::cells::Ref<'static,Table>{::cells::StaticCell::get(&TABLE)}Table::with(||table)}"
    );
}

#[test]
fn permanent() {
    check(
        "permanent",
        "pub fn table() -> Table { Table::new() }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            pub fn table() -> &'static Table {
                ::cells::PermanentCell::get(&TABLE)
            }
            /// The cell behind `table()`.
            pub static TABLE: ::cells::PermanentCell<Table, __cell_table> = ::cells::PermanentCell::new();
            enum __cell_table {}
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn table() -> Table {
                    Table::new()
                }
                impl ::cells::DeclaredPermanent for __cell_table {
                    type Payload = Table;
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "table",
                            "TABLE",
                            "Table",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .permanent()
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<&'static Self::Payload> = ::cells::Disposer::drop()
                        .labelled("nothing");
                    type Output = Table;
                    const BUILD: fn() -> Self::Output = table;
                }
                ::cells::__private010::register! {
                    TABLE
                }
            };
        "##]],
    );
}

#[test]
fn permanent_with_all_it_can_have() {
    check(
        "permanent, eager, cooldown = \"5s\", dispose = Settings::save, adjuster = Trace",
        "fn settings(table: &Table) -> Result<Settings, E> { read(table) }",
        &expect![[r##"
            #[inline]
            fn settings() -> ::core::result::Result<&'static Settings, ::cells::Error> {
                ::cells::PermanentCell::get(&SETTINGS)
            }
            /// The cell behind `settings()`.
            static SETTINGS: ::cells::PermanentCell<Settings, __cell_settings> = ::cells::PermanentCell::new();
            enum __cell_settings {}
            const _: () = {
                fn settings(table: &Table) -> Result<Settings, E> {
                    read(table)
                }
                impl ::cells::DeclaredPermanent for __cell_settings {
                    type Payload = Settings;
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "settings",
                            "SETTINGS",
                            "Settings",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .cooldown(::core::time::Duration::from_secs(5))
                        .permanent()
                        .eager()
                        .dependencies({
                            static __DEPENDENCIES: [::cells::__private010::Dependency; 1] = [
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&TABLE))
                                }),
                            ];
                            &__DEPENDENCIES
                        })
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<&'static Self::Payload> = ::cells::Disposer::with(|
                            payload: &'static Self::Payload|
                        {
                            use ::cells::__private010::ReturnedAsIs as _;
                            ::cells::__private010::Disposed::into_disposed(
                                ::cells::__private010::Returned(Settings::save(payload)).now().0,
                            )
                        })
                        .labelled("Settings::save");
                    const ADJUSTER: ::core::option::Option<
                        fn() -> ::std::sync::Arc<dyn ::cells::FactoryAdjuster<Self::Payload>>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Trace));
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Settings, E>>::KEEP
                    };
                    type Output = ::core::result::Result<Self::Payload, ::cells::BoxError>;
                    const BUILD: fn() -> Self::Output = || -> Self::Output {
                        ::cells::__private010::FactoryOutput::into_result(
                            settings(
                                &*::cells::__private010::lend(::cells::__private010::cell(&TABLE))?,
                            ),
                            Self::KEEP,
                        )
                    };
                }
                ::cells::__private010::register! {
                    SETTINGS
                }
            };
        "##]],
    );
}

#[cfg(feature = "tokio")]
#[test]
fn asynchronous_with_tokio() {
    let item =
        "fn pool(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> { Pool::open(config) }";
    check(
        "detached, runtime = \"own\", blocking",
        item,
        &expect![[r##"
            #[inline]
            async fn pool() -> ::core::result::Result<::cells::Ref<'static, Pool>, ::cells::Error> {
                ::cells::AsyncCell::get(&POOL).await
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::AsyncCell<Pool, __cell_pool> = ::cells::AsyncCell::new();
            enum __cell_pool {}
            const _: () = {
                fn pool(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> {
                    Pool::open(config)
                }
                impl ::cells::DeclaredAsync for __cell_pool {
                    type Payload = Pool;
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "pool",
                            "POOL",
                            "Pool",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .dependencies({
                            static __DEPENDENCIES: [::cells::__private010::Dependency; 2] = [
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&CONFIG))
                                }),
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&STORE))
                                }),
                            ];
                            &__DEPENDENCIES
                        })
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    const DETACHED: ::core::primitive::bool = true;
                    const OWN_RUNTIME: ::core::primitive::bool = true;
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Pool, E>>::KEEP
                    };
                    async fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                        let factory_leases = (
                            ::cells::__private010::lend_async(::cells::__private010::cell(&CONFIG))
                                .await?,
                            ::cells::__private010::lend_async(::cells::__private010::cell(&STORE))
                                .await?,
                        );
                        ::cells::__private010::FactoryOutput::into_result(
                            ::cells::__private010::blocking(move || pool(
                                    &*factory_leases.0,
                                    ::cells::__private010::leased(factory_leases.1),
                                ))
                                .await,
                            Self::KEEP,
                        )
                    }
                }
                ::cells::__private010::register! {
                    POOL
                }
            };
        "##]],
    );
}

#[cfg(feature = "tokio")]
#[test]
fn blocking_without_dependencies() {
    check(
        "blocking, factory = build_pool",
        "fn pool() -> Pool { Pool::open() }",
        &expect![[r##"
            #[inline]
            async fn pool() -> ::cells::Ref<'static, Pool> {
                ::cells::AsyncCell::get(&POOL).await
            }
            /// Builds what `pool()` gives out, without its cell.
            fn build_pool() -> Pool {
                Pool::open()
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::AsyncCell<Pool, __cell_pool> = ::cells::AsyncCell::new();
            enum __cell_pool {}
            const _: () = {
                impl ::cells::DeclaredAsync for __cell_pool {
                    type Payload = Pool;
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "pool",
                            "POOL",
                            "Pool",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Self::Payload> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Self::Payload>::DISPOSER
                    };
                    const DETACHED: ::core::primitive::bool = true;
                    async fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                        ::cells::__private010::FactoryOutput::into_result(
                            ::cells::__private010::blocking(move || build_pool()).await,
                            Self::KEEP,
                        )
                    }
                }
                ::cells::__private010::register! {
                    POOL
                }
            };
        "##]],
    );
}
