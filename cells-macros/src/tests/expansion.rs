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
                ::cells::StaticCell::get(&__cell_search)
            }
            /// The cell behind `search()`.
            pub(crate) static SEARCH: ::cells::CellStatic<
                ::cells::StaticCell<Index, __cell_search>,
            > = ::cells::CellStatic::new(&__cell_search, &search);
            #[doc(hidden)]
            pub(crate) enum __cell_search {}
            static __cell_search: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn search() -> Result<Index, IndexError> {
                    Index::open("./index")
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
                        .cooldown(::core::time::Duration::from_secs(5))
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Index> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Index>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<Result<Index, IndexError>> for __cell_search {
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Index, IndexError>>::KEEP
                    };
                    const BUILD: fn() -> Result<Index, IndexError> = search;
                }
                ::cells::__private010::register! {
                    __cell_search
                }
            };
        "#]],
    );
}

#[test]
fn m8_the_expansion_is_short() {
    let expansion =
        expansion("cooldown = \"5s\"", "fn search() -> Result<Index, IndexError> { Index::open() }");
    assert!(expansion.lines().count() < 50, "{expansion}");
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
                ::cells::StaticCell::get(&__cell_table)
            }
            /// The cell behind `table()`.
            static TABLE: ::cells::CellStatic<
                ::cells::StaticCell<HashMap<String, u8>, __cell_table>,
            > = ::cells::CellStatic::new(&__cell_table, &table);
            #[doc(hidden)]
            enum __cell_table {}
            static __cell_table: ::cells::StaticCell<HashMap<String, u8>, __cell_table> = ::cells::StaticCell::new();
            const _: () = {
                fn table() -> HashMap<String, u8> {
                    HashMap::new()
                }
                impl ::cells::Declared<HashMap<String, u8>> for __cell_table {
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
                    const DISPOSER: ::cells::Disposer<HashMap<String, u8>> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<HashMap<String, u8>>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<HashMap<String, u8>> for __cell_table {
                    const BUILD: fn() -> HashMap<String, u8> = table;
                }
                ::cells::__private010::register! {
                    __cell_table
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
                ::other::StaticCell::get(&__cell_search)
            }
            /// Builds what `search()` gives out, without its cell.
            pub fn build_search() -> io::Result<Index> {
                Index::open()
            }
            /// The cell behind `search()`.
            pub static INDEX: ::other::CellStatic<::other::StaticCell<Index, __cell_search>> = ::other::CellStatic::new(
                &__cell_search,
                &search,
            );
            #[doc(hidden)]
            pub enum __cell_search {}
            static __cell_search: ::other::StaticCell<Index, __cell_search> = ::other::StaticCell::new();
            const _: () = {
                impl ::other::Declared<Index> for __cell_search {
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
                    const DISPOSER: ::other::Disposer<Index> = ::other::Disposer::with(|
                            payload: Index|
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
                        fn() -> ::std::sync::Arc<dyn ::other::FactoryAdjuster<Index>>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Trace::new()));
                }
                impl ::other::__private010::Factory<io::Result<Index>> for __cell_search {
                    const KEEP: ::other::__private010::Keep = {
                        use ::other::__private010::ResolveKeep as _;
                        ::other::__private010::Resolve::<io::Result<Index>>::KEEP
                    };
                    const BUILD: fn() -> io::Result<Index> = build_search;
                }
                ::other::__private010::register! {
                    __cell_search
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
                ::cells::StaticCell::get(&__cell_search)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::CellStatic<
                ::cells::StaticCell<<Opened as ::cells::__private010::Alias>::Payload, __cell_search>,
            > = ::cells::CellStatic::new(&__cell_search, &search);
            #[doc(hidden)]
            enum __cell_search {}
            static __cell_search: ::cells::StaticCell<
                <Opened as ::cells::__private010::Alias>::Payload,
                __cell_search,
            > = ::cells::StaticCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn search() -> Opened {
                    Index::open()
                }
                impl ::cells::Declared<<Opened as ::cells::__private010::Alias>::Payload>
                for __cell_search {
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
                    const DISPOSER: ::cells::Disposer<
                        <Opened as ::cells::__private010::Alias>::Payload,
                    > = ::cells::Disposer::drop();
                }
                impl ::cells::__private010::Factory<
                    ::core::result::Result<
                        <Opened as ::cells::__private010::Alias>::Payload,
                        ::cells::BoxError,
                    >,
                > for __cell_search {
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Opened>::KEEP
                    };
                    const BUILD: fn() -> ::core::result::Result<
                        <Opened as ::cells::__private010::Alias>::Payload,
                        ::cells::BoxError,
                    > = || {
                        ::cells::__private010::FactoryOutput::<
                            <Opened as ::cells::__private010::Alias>::Payload,
                        >::into_result(search(), Self::KEEP)
                    };
                }
                ::cells::__private010::register! {
                    __cell_search
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
                ::cells::StaticCell::get(&__cell_search)
            }
            /// The cell behind `search()`.
            static SEARCH: ::cells::CellStatic<
                ::cells::StaticCell<
                    <fmt::Result as ::cells::__private010::Alias>::Payload,
                    __cell_search,
                >,
            > = ::cells::CellStatic::new(&__cell_search, &search);
            #[doc(hidden)]
            enum __cell_search {}
            static __cell_search: ::cells::StaticCell<
                <fmt::Result as ::cells::__private010::Alias>::Payload,
                __cell_search,
            > = ::cells::StaticCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn search() -> fmt::Result {
                    Ok(())
                }
                impl ::cells::Declared<<fmt::Result as ::cells::__private010::Alias>::Payload>
                for __cell_search {
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
                    const DISPOSER: ::cells::Disposer<
                        <fmt::Result as ::cells::__private010::Alias>::Payload,
                    > = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<
                            <fmt::Result as ::cells::__private010::Alias>::Payload,
                        >::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<
                    ::core::result::Result<
                        <fmt::Result as ::cells::__private010::Alias>::Payload,
                        ::cells::BoxError,
                    >,
                > for __cell_search {
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<fmt::Result>::KEEP
                    };
                    const BUILD: fn() -> ::core::result::Result<
                        <fmt::Result as ::cells::__private010::Alias>::Payload,
                        ::cells::BoxError,
                    > = || {
                        ::cells::__private010::FactoryOutput::<
                            <fmt::Result as ::cells::__private010::Alias>::Payload,
                        >::into_result(search(), Self::KEEP)
                    };
                }
                ::cells::__private010::register! {
                    __cell_search
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
            #[allow(clippy::pedantic)]
            #[allow(unused)]
            #[inline]
            #[track_caller]
            fn search() -> ::cells::Ref<'static, Index> {
                ::cells::StaticCell::get(&__cell_search)
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
            static SEARCH: ::cells::CellStatic<::cells::StaticCell<Index, __cell_search>> = ::cells::CellStatic::new(
                &__cell_search,
                &(),
            );
            #[cfg(unix)]
            #[doc(hidden)]
            enum __cell_search {}
            #[cfg(unix)]
            #[allow(clippy::pedantic)]
            #[allow(unused)]
            static __cell_search: ::cells::StaticCell<Index, __cell_search> = ::cells::StaticCell::new();
            #[cfg(unix)]
            const _: () = {
                #[allow(clippy::pedantic)]
                #[allow(unused)]
                impl ::cells::Declared<Index> for __cell_search {
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
                    const DISPOSER: ::cells::Disposer<Index> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Index>::DISPOSER
                    };
                }
                #[allow(clippy::pedantic)]
                #[allow(unused)]
                impl ::cells::__private010::Factory<Index> for __cell_search {
                    const BUILD: fn() -> Index = build_search;
                }
                ::cells::__private010::register! {
                    #[allow(clippy::pedantic)] #[allow(unused)] __cell_search
                }
            };
        "##]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "an expansion in full")]
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
                fn search(store: &Store, shop: Ref<'static, Shop>) -> Result<Index, E> {
                    Index::open(store, shop)
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
                    const DISPOSER: ::cells::Disposer<Index> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Index>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<::core::result::Result<Index, ::cells::BoxError>>
                for __cell_search {
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Index, E>>::KEEP
                    };
                    const BUILD: fn() -> ::core::result::Result<Index, ::cells::BoxError> = || {
                        ::cells::__private010::FactoryOutput::<
                            Index,
                        >::into_result(
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
                ::cells::StaticCell::get(&__cell_search)
            }
            /// Builds what `search()` gives out, without its cell.
            fn build_search(store: &Store) -> Index {
                Index::open(store)
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
                impl ::cells::Declared<Index> for __cell_search {
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
                    const DISPOSER: ::cells::Disposer<Index> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Index>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<::core::result::Result<Index, ::cells::BoxError>>
                for __cell_search {
                    const BUILD: fn() -> ::core::result::Result<Index, ::cells::BoxError> = || {
                        ::cells::__private010::FactoryOutput::<
                            Index,
                        >::into_result(
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
                    __cell_search
                }
            };
        "##]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "an expansion in full")]
fn asynchronous() {
    check(
        "dispose = Pool::shut, observer = Log, adjuster = Trace",
        "async fn pool(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> { Pool::open(config).await }",
        &expect![[r##"
            #[inline]
            async fn pool() -> ::core::result::Result<::cells::Ref<'static, Pool>, ::cells::Error> {
                ::cells::AsyncCell::get(&__cell_pool).await
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::CellStatic<::cells::AsyncCell<Pool, __cell_pool>> = ::cells::CellStatic::new(
                &__cell_pool,
                &pool,
            );
            #[doc(hidden)]
            enum __cell_pool {}
            static __cell_pool: ::cells::AsyncCell<Pool, __cell_pool> = ::cells::AsyncCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                async fn pool(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> {
                    Pool::open(config).await
                }
                impl ::cells::DeclaredAsync<Pool> for __cell_pool {
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
                    const DISPOSER: ::cells::Disposer<Pool> = ::cells::Disposer::resolving(|
                            payload: Pool|
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
                        fn() -> ::std::sync::Arc<dyn ::cells::AsyncFactoryAdjuster<Pool>>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Trace));
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Pool, E>>::KEEP
                    };
                    async fn build() -> ::core::result::Result<Pool, ::cells::BoxError> {
                        ::cells::__private010::FactoryOutput::<
                            Pool,
                        >::into_result(
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
                    __cell_pool
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
                ::cells::AsyncCell::get(&__cell_table).await
            }
            /// The cell behind `table()`.
            pub static TABLE: ::cells::CellStatic<::cells::AsyncCell<Table, __cell_table>> = ::cells::CellStatic::new(
                &__cell_table,
                &table,
            );
            #[doc(hidden)]
            pub enum __cell_table {}
            static __cell_table: ::cells::AsyncCell<Table, __cell_table> = ::cells::AsyncCell::new();
            const _: () = {
                async fn table() -> Table {
                    Table::new()
                }
                impl ::cells::DeclaredAsync<Table> for __cell_table {
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
                    const DISPOSER: ::cells::Disposer<Table> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Table>::DISPOSER
                    };
                    async fn build() -> ::core::result::Result<Table, ::cells::BoxError> {
                        ::cells::__private010::FactoryOutput::<
                            Table,
                        >::into_result(table().await, Self::KEEP)
                    }
                }
                ::cells::__private010::register! {
                    __cell_table
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
        "fntable()->Table{#![allow(x)]fntable()->::cells::Ref<'static,Table>{::cells::StaticCell::get(&__cell_table)}Table::with(||table)}"
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
                ::cells::PermanentCell::get(&__cell_table)
            }
            /// The cell behind `table()`.
            pub static TABLE: ::cells::CellStatic<::cells::PermanentCell<Table, __cell_table>> = ::cells::CellStatic::new(
                &__cell_table,
                &table,
            );
            #[doc(hidden)]
            pub enum __cell_table {}
            static __cell_table: ::cells::PermanentCell<Table, __cell_table> = ::cells::PermanentCell::new();
            const _: () = {
                fn table() -> Table {
                    Table::new()
                }
                impl ::cells::DeclaredPermanent<Table> for __cell_table {
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
                    const DISPOSER: ::cells::Disposer<&'static Table> = ::cells::Disposer::drop()
                        .labelled("nothing");
                }
                impl ::cells::__private010::Factory<Table> for __cell_table {
                    const BUILD: fn() -> Table = table;
                }
                ::cells::__private010::register! {
                    __cell_table
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
                ::cells::PermanentCell::get(&__cell_settings)
            }
            /// The cell behind `settings()`.
            static SETTINGS: ::cells::CellStatic<
                ::cells::PermanentCell<Settings, __cell_settings>,
            > = ::cells::CellStatic::new(&__cell_settings, &settings);
            #[doc(hidden)]
            enum __cell_settings {}
            static __cell_settings: ::cells::PermanentCell<Settings, __cell_settings> = ::cells::PermanentCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn settings(table: &Table) -> Result<Settings, E> {
                    read(table)
                }
                impl ::cells::DeclaredPermanent<Settings> for __cell_settings {
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
                    const DISPOSER: ::cells::Disposer<&'static Settings> = ::cells::Disposer::with(|
                            payload: &'static Settings|
                        {
                            use ::cells::__private010::ReturnedAsIs as _;
                            ::cells::__private010::Disposed::into_disposed(
                                ::cells::__private010::Returned(Settings::save(payload)).now().0,
                            )
                        })
                        .labelled("Settings::save");
                    const ADJUSTER: ::core::option::Option<
                        fn() -> ::std::sync::Arc<dyn ::cells::FactoryAdjuster<Settings>>,
                    > = ::core::option::Option::Some(|| ::std::sync::Arc::new(Trace));
                }
                impl ::cells::__private010::Factory<
                    ::core::result::Result<Settings, ::cells::BoxError>,
                > for __cell_settings {
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Settings, E>>::KEEP
                    };
                    const BUILD: fn() -> ::core::result::Result<Settings, ::cells::BoxError> = || {
                        ::cells::__private010::FactoryOutput::<
                            Settings,
                        >::into_result(
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
                ::cells::AsyncCell::get(&__cell_pool).await
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::CellStatic<::cells::AsyncCell<Pool, __cell_pool>> = ::cells::CellStatic::new(
                &__cell_pool,
                &pool,
            );
            #[doc(hidden)]
            enum __cell_pool {}
            static __cell_pool: ::cells::AsyncCell<Pool, __cell_pool> = ::cells::AsyncCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn pool(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> {
                    Pool::open(config)
                }
                impl ::cells::DeclaredAsync<Pool> for __cell_pool {
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
                    const DISPOSER: ::cells::Disposer<Pool> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Pool>::DISPOSER
                    };
                    const DETACHED: ::core::primitive::bool = true;
                    const OWN_RUNTIME: ::core::primitive::bool = true;
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Pool, E>>::KEEP
                    };
                    async fn build() -> ::core::result::Result<Pool, ::cells::BoxError> {
                        let factory_leases = (
                            ::cells::__private010::lend_async(::cells::__private010::cell(&CONFIG))
                                .await?,
                            ::cells::__private010::lend_async(::cells::__private010::cell(&STORE))
                                .await?,
                        );
                        ::cells::__private010::blocking(move || ::cells::__private010::FactoryOutput::<
                                Pool,
                            >::into_result(
                                pool(
                                    &*factory_leases.0,
                                    ::cells::__private010::leased(factory_leases.1),
                                ),
                                Self::KEEP,
                            ))
                            .await
                    }
                }
                ::cells::__private010::register! {
                    __cell_pool
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
                ::cells::AsyncCell::get(&__cell_pool).await
            }
            /// Builds what `pool()` gives out, without its cell.
            fn build_pool() -> Pool {
                Pool::open()
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::CellStatic<::cells::AsyncCell<Pool, __cell_pool>> = ::cells::CellStatic::new(
                &__cell_pool,
                &pool,
            );
            #[doc(hidden)]
            enum __cell_pool {}
            static __cell_pool: ::cells::AsyncCell<Pool, __cell_pool> = ::cells::AsyncCell::new();
            const _: () = {
                impl ::cells::DeclaredAsync<Pool> for __cell_pool {
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
                    const DISPOSER: ::cells::Disposer<Pool> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Pool>::DISPOSER
                    };
                    const DETACHED: ::core::primitive::bool = true;
                    async fn build() -> ::core::result::Result<Pool, ::cells::BoxError> {
                        ::cells::__private010::blocking(move || ::cells::__private010::FactoryOutput::<
                                Pool,
                            >::into_result(build_pool(), Self::KEEP))
                            .await
                    }
                }
                ::cells::__private010::register! {
                    __cell_pool
                }
            };
        "##]],
    );
}

#[test]
fn v1_provided_without_a_body() {
    check(
        "provided",
        "/// The arguments.\npub fn args() -> Args;",
        &expect![[r#"
            /// The arguments.
            #[inline]
            #[track_caller]
            pub fn args() -> ::cells::Ref<'static, Args> {
                ::cells::StaticCell::get(&__cell_args)
            }
            /// The cell behind `args()`.
            pub static ARGS: ::cells::CellStatic<::cells::StaticCell<Args, __cell_args>> = ::cells::CellStatic::new(
                &__cell_args,
                &args,
            );
            #[doc(hidden)]
            pub enum __cell_args {}
            static __cell_args: ::cells::StaticCell<Args, __cell_args> = ::cells::StaticCell::new();
            const _: () = {
                #[diagnostic::do_not_recommend]
                impl ::cells::__private010::Provided for __cell_args {}
                impl ::cells::Declared<Args> for __cell_args {
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "args",
                            "ARGS",
                            "Args",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .provided(false)
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Args> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Args>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<Args> for __cell_args {
                    const BUILD: fn() -> Args = ::cells::__private010::no_factory;
                }
                ::cells::__private010::register! {
                    __cell_args
                }
            };
        "#]],
    );
}

#[test]
fn v1_provided_with_a_body() {
    check(
        "provided, permanent",
        "fn clock() -> Box<dyn Clock> { Box::new(System) }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            fn clock() -> &'static Box<dyn Clock> {
                ::cells::PermanentCell::get(&__cell_clock)
            }
            /// The cell behind `clock()`.
            static CLOCK: ::cells::CellStatic<
                ::cells::PermanentCell<Box<dyn Clock>, __cell_clock>,
            > = ::cells::CellStatic::new(&__cell_clock, &clock);
            #[doc(hidden)]
            enum __cell_clock {}
            static __cell_clock: ::cells::PermanentCell<Box<dyn Clock>, __cell_clock> = ::cells::PermanentCell::new();
            const _: () = {
                fn clock() -> Box<dyn Clock> {
                    Box::new(System)
                }
                #[diagnostic::do_not_recommend]
                impl ::cells::__private010::Provided for __cell_clock {}
                impl ::cells::DeclaredPermanent<Box<dyn Clock>> for __cell_clock {
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "clock",
                            "CLOCK",
                            "Box<dyn Clock>",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .permanent()
                        .provided(true)
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<&'static Box<dyn Clock>> = ::cells::Disposer::drop()
                        .labelled("nothing");
                }
                impl ::cells::__private010::Factory<Box<dyn Clock>> for __cell_clock {
                    const BUILD: fn() -> Box<dyn Clock> = clock;
                }
                ::cells::__private010::register! {
                    __cell_clock
                }
            };
        "##]],
    );
}

#[test]
fn v1_provided_in_tasks() {
    check(
        "provided",
        "async fn args() -> Result<Args, ArgsError>;",
        &expect![[r##"
            #[inline]
            async fn args() -> ::core::result::Result<::cells::Ref<'static, Args>, ::cells::Error> {
                ::cells::AsyncCell::get(&__cell_args).await
            }
            /// The cell behind `args()`.
            static ARGS: ::cells::CellStatic<::cells::AsyncCell<Args, __cell_args>> = ::cells::CellStatic::new(
                &__cell_args,
                &args,
            );
            #[doc(hidden)]
            enum __cell_args {}
            static __cell_args: ::cells::AsyncCell<Args, __cell_args> = ::cells::AsyncCell::new();
            const _: () = {
                #[diagnostic::do_not_recommend]
                impl ::cells::__private010::Provided for __cell_args {}
                impl ::cells::DeclaredAsync<Args> for __cell_args {
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "args",
                            "ARGS",
                            "Args",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .provided(false)
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Args> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Args>::DISPOSER
                    };
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Args, ArgsError>>::KEEP
                    };
                    async fn build() -> ::core::result::Result<Args, ::cells::BoxError> {
                        ::cells::__private010::FactoryOutput::<
                            Args,
                        >::into_result(
                            ::cells::__private010::no_factory::<Result<Args, ArgsError>>(),
                            Self::KEEP,
                        )
                    }
                }
                ::cells::__private010::register! {
                    __cell_args
                }
            };
        "##]],
    );
}

#[test]
fn f5_retries_of_transient_errors() {
    check(
        r#"cooldown = "1s..1m", retry = 3, backoff = "100ms", transient = |error| error.is_timeout()"#,
        "fn search() -> Result<Index, IndexError> { Index::open() }",
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
                fn search() -> Result<Index, IndexError> {
                    Index::open()
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
                        .cooldown(::core::time::Duration::from_secs(1))
                        .max_cooldown(::core::time::Duration::from_secs(60))
                        .retries(3)
                        .backoff(
                            ::core::time::Duration::from_millis(100),
                            ::core::time::Duration::from_millis(100),
                        )
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Index> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Index>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<::core::result::Result<Index, ::cells::BoxError>>
                for __cell_search {
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Index, IndexError>>::KEEP
                    };
                    const BUILD: fn() -> ::core::result::Result<Index, ::cells::BoxError> = || {
                        ::cells::__private010::FactoryOutput::<
                            Index,
                        >::into_result(
                            ::cells::__private010::transient_if(
                                search(),
                                |error| error.is_timeout(),
                            ),
                            Self::KEEP,
                        )
                    };
                }
                ::cells::__private010::register! {
                    __cell_search
                }
            };
        "##]],
    );
}

#[test]
fn f1_ages() {
    check(
        r#"fresh = "50m", expires = Token::expires_at, eager_refresh, fatal = AuthError::is_revoked"#,
        "async fn token(client: &Client) -> Result<Token, AuthError> { client.fetch().await }",
        &expect![[r##"
            #[inline]
            async fn token() -> ::core::result::Result<
                ::cells::Ref<'static, Token>,
                ::cells::Error,
            > {
                ::cells::AsyncCell::get(&__cell_token).await
            }
            /// The cell behind `token()`.
            static TOKEN: ::cells::CellStatic<::cells::AsyncCell<Token, __cell_token>> = ::cells::CellStatic::new(
                &__cell_token,
                &token,
            );
            #[doc(hidden)]
            enum __cell_token {}
            static __cell_token: ::cells::AsyncCell<Token, __cell_token> = ::cells::AsyncCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                async fn token(client: &Client) -> Result<Token, AuthError> {
                    client.fetch().await
                }
                impl ::cells::DeclaredAsync<Token> for __cell_token {
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "token",
                            "TOKEN",
                            "Token",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .fresh(
                            "50m",
                            |payload| ::cells::__private010::lifetime::<
                                Token,
                                _,
                            >(payload, ::core::time::Duration::from_secs(3000)),
                        )
                        .expires(
                            "Token::expires_at",
                            |payload| ::cells::__private010::lifetime::<
                                Token,
                                _,
                            >(payload, const { Token::expires_at }),
                        )
                        .eager_refresh()
                        .dependencies({
                            static __DEPENDENCIES: [::cells::__private010::Dependency; 1] = [
                                ::cells::__private010::Dependency::injected({
                                    const fn __info_of<C: ::cells::__private010::Cell>(
                                        _: &'static C,
                                    ) -> &'static ::cells::CellInfo {
                                        C::INFO
                                    }
                                    __info_of(::cells::__private010::cell(&CLIENT))
                                }),
                            ];
                            &__DEPENDENCIES
                        })
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Token> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Token>::DISPOSER
                    };
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Token, AuthError>>::KEEP
                    };
                    async fn build() -> ::core::result::Result<Token, ::cells::BoxError> {
                        ::cells::__private010::FactoryOutput::<
                            Token,
                        >::into_result(
                            ::cells::__private010::fatal_if(
                                token(
                                        &*::cells::__private010::lend_async(
                                                ::cells::__private010::cell(&CLIENT),
                                            )
                                            .await?,
                                    )
                                    .await,
                                AuthError::is_revoked,
                            ),
                            Self::KEEP,
                        )
                    }
                }
                ::cells::__private010::register! {
                    __cell_token
                }
            };
        "##]],
    );
}

#[test]
fn h5_checks_and_ends() {
    check(
        r#"check = Pool::ping, optional, closed_last, dispose_timeout = "10s""#,
        "fn pool() -> Pool { Pool::connect() }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            fn pool() -> ::cells::Ref<'static, Pool> {
                ::cells::StaticCell::get(&__cell_pool)
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::CellStatic<::cells::StaticCell<Pool, __cell_pool>> = ::cells::CellStatic::new(
                &__cell_pool,
                &pool,
            );
            #[doc(hidden)]
            enum __cell_pool {}
            static __cell_pool: ::cells::StaticCell<Pool, __cell_pool> = ::cells::StaticCell::new();
            const _: () = {
                fn pool() -> Pool {
                    Pool::connect()
                }
                impl ::cells::Declared<Pool> for __cell_pool {
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
                        .optional()
                        .check(
                            "Pool::ping",
                            ::cells::__private010::is_async_check(
                                &|payload| ::cells::__private010::begun_check(
                                    ::cells::__private010::check_payload::<
                                        Pool,
                                        _,
                                    >(payload, Pool::ping),
                                ),
                            ),
                            |payload| ::std::boxed::Box::pin(async move {
                                let payload = ::cells::__private010::checked_payload::<
                                    Pool,
                                >(payload);
                                ::cells::__private010::begun_check(
                                        ::cells::__private010::check_payload::<
                                            Pool,
                                            _,
                                        >(&payload, Pool::ping),
                                    )
                                    .await
                            }),
                        )
                        .dispose_timeout(::core::time::Duration::from_secs(10))
                        .closed_last()
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Pool> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Pool>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<Pool> for __cell_pool {
                    const BUILD: fn() -> Pool = pool;
                }
                ::cells::__private010::register! {
                    __cell_pool
                }
            };
        "##]],
    );
}

#[test]
fn h5_a_check_of_a_permanent_payload_by_a_closure() {
    check(
        "permanent, check = |pool| pool.is_well()",
        "fn pool() -> Pool { Pool::connect() }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            fn pool() -> &'static Pool {
                ::cells::PermanentCell::get(&__cell_pool)
            }
            /// The cell behind `pool()`.
            static POOL: ::cells::CellStatic<::cells::PermanentCell<Pool, __cell_pool>> = ::cells::CellStatic::new(
                &__cell_pool,
                &pool,
            );
            #[doc(hidden)]
            enum __cell_pool {}
            static __cell_pool: ::cells::PermanentCell<Pool, __cell_pool> = ::cells::PermanentCell::new();
            const _: () = {
                fn pool() -> Pool {
                    Pool::connect()
                }
                impl ::cells::DeclaredPermanent<Pool> for __cell_pool {
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
                        .permanent()
                        .check(
                            "a closure",
                            ::cells::__private010::is_async_check(
                                &|payload| ::cells::__private010::begun_check(
                                    ::cells::__private010::check_payload::<
                                        Pool,
                                        _,
                                    >(payload, |pool| pool.is_well()),
                                ),
                            ),
                            |payload| ::std::boxed::Box::pin(async move {
                                let payload = ::cells::__private010::checked_payload::<
                                    &'static Pool,
                                >(payload);
                                ::cells::__private010::begun_check(
                                        ::cells::__private010::check_payload::<
                                            Pool,
                                            _,
                                        >(&payload, |pool| pool.is_well()),
                                    )
                                    .await
                            }),
                        )
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<&'static Pool> = ::cells::Disposer::drop()
                        .labelled("nothing");
                }
                impl ::cells::__private010::Factory<Pool> for __cell_pool {
                    const BUILD: fn() -> Pool = pool;
                }
                ::cells::__private010::register! {
                    __cell_pool
                }
            };
        "##]],
    );
}

#[test]
fn f2_ages_by_a_closure_and_by_a_constant() {
    check(
        "fresh = |token| token.ttl, expires = MINUTE",
        "fn token() -> Token { Token::new() }",
        &expect![[r##"
            #[inline]
            #[track_caller]
            fn token() -> ::cells::Ref<'static, Token> {
                ::cells::StaticCell::get(&__cell_token)
            }
            /// The cell behind `token()`.
            static TOKEN: ::cells::CellStatic<::cells::StaticCell<Token, __cell_token>> = ::cells::CellStatic::new(
                &__cell_token,
                &token,
            );
            #[doc(hidden)]
            enum __cell_token {}
            static __cell_token: ::cells::StaticCell<Token, __cell_token> = ::cells::StaticCell::new();
            const _: () = {
                fn token() -> Token {
                    Token::new()
                }
                impl ::cells::Declared<Token> for __cell_token {
                    type Mode = ::cells::__private010::Infallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "token",
                            "TOKEN",
                            "Token",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fresh(
                            "a closure",
                            |payload| ::cells::__private010::lifetime_by::<
                                Token,
                                _,
                            >(payload, |token| token.ttl),
                        )
                        .expires(
                            "MINUTE",
                            |payload| ::cells::__private010::lifetime::<
                                Token,
                                _,
                            >(payload, const { MINUTE }),
                        )
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Token> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Token>::DISPOSER
                    };
                }
                impl ::cells::__private010::Factory<Token> for __cell_token {
                    const BUILD: fn() -> Token = token;
                }
                ::cells::__private010::register! {
                    __cell_token
                }
            };
        "##]],
    );
}

#[cfg(feature = "tokio")]
#[test]
fn f4_fatal_errors_of_a_factory_that_blocks() {
    check(
        r#"blocking, fresh = "50m", fatal = is_revoked, retry = 3, transient = is_timeout"#,
        "fn token() -> Result<Token, AuthError> { Token::fetch() }",
        &expect![[r##"
            #[inline]
            async fn token() -> ::core::result::Result<
                ::cells::Ref<'static, Token>,
                ::cells::Error,
            > {
                ::cells::AsyncCell::get(&__cell_token).await
            }
            /// The cell behind `token()`.
            static TOKEN: ::cells::CellStatic<::cells::AsyncCell<Token, __cell_token>> = ::cells::CellStatic::new(
                &__cell_token,
                &token,
            );
            #[doc(hidden)]
            enum __cell_token {}
            static __cell_token: ::cells::AsyncCell<Token, __cell_token> = ::cells::AsyncCell::new();
            const _: () = {
                #[cfg_attr(clippy, allow(clippy::unnecessary_wraps))]
                fn token() -> Result<Token, AuthError> {
                    Token::fetch()
                }
                impl ::cells::DeclaredAsync<Token> for __cell_token {
                    type Mode = ::cells::__private010::Fallible;
                    const INFO: &'static ::cells::CellInfo = &::cells::CellInfo::new::<
                        Self,
                    >(
                            "token",
                            "TOKEN",
                            "Token",
                            ::core::module_path!(),
                            ::core::file!(),
                            ::core::line!(),
                            ::core::cfg!(test),
                        )
                        .fallible(true)
                        .retries(3)
                        .fresh(
                            "50m",
                            |payload| ::cells::__private010::lifetime::<
                                Token,
                                _,
                            >(payload, ::core::time::Duration::from_secs(3000)),
                        )
                        .disposer(Self::DISPOSER.label);
                    const DISPOSER: ::cells::Disposer<Token> = {
                        use ::cells::__private010::ResolveDrop as _;
                        ::cells::__private010::Resolve::<Token>::DISPOSER
                    };
                    const DETACHED: ::core::primitive::bool = true;
                    const KEEP: ::cells::__private010::Keep = {
                        use ::cells::__private010::ResolveKeep as _;
                        ::cells::__private010::Resolve::<Result<Token, AuthError>>::KEEP
                    };
                    async fn build() -> ::core::result::Result<Token, ::cells::BoxError> {
                        ::cells::__private010::blocking(move || ::cells::__private010::FactoryOutput::<
                                Token,
                            >::into_result(
                                ::cells::__private010::transient_if(
                                    ::cells::__private010::fatal_if(token(), is_revoked),
                                    is_timeout,
                                ),
                                Self::KEEP,
                            ))
                            .await
                    }
                }
                ::cells::__private010::register! {
                    __cell_token
                }
            };
        "##]],
    );
}
