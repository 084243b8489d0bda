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
            pub(crate) static SEARCH: ::cells::StaticCell<Index, __search> = ::cells::StaticCell::new();
            #[doc(hidden)]
            pub(crate) struct __search;
            impl ::cells::Declared for __search {
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
                fn build() -> Result<Index, IndexError> {
                    Index::open("./index")
                }
            }
            ::cells::__private010::register! {
                static __SEARCH = SEARCH;
            }
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
            static TABLE: ::cells::StaticCell<HashMap<String, u8>, __table> = ::cells::StaticCell::new();
            #[doc(hidden)]
            struct __table;
            impl ::cells::Declared for __table {
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
                fn build() -> HashMap<String, u8> {
                    HashMap::new()
                }
            }
            ::cells::__private010::register! {
                static __TABLE = TABLE;
            }
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
            #[allow(clippy::unnecessary_wraps)]
            pub fn build_search() -> io::Result<Index> {
                Index::open()
            }
            /// The cell behind `search()`.
            pub static INDEX: ::other::StaticCell<Index, __search> = ::other::StaticCell::new();
            #[doc(hidden)]
            pub struct __search;
            impl ::other::Declared for __search {
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
                fn build() -> io::Result<Index> {
                    build_search()
                }
            }
            ::other::__private010::register! {
                static __INDEX = INDEX;
            }
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
                __search,
            > = ::cells::StaticCell::new();
            #[doc(hidden)]
            struct __search;
            impl ::cells::Declared for __search {
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
                fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                    #[allow(clippy::unnecessary_wraps)]
                    fn __factory() -> Opened {
                        Index::open()
                    }
                    ::cells::__private010::FactoryOutput::into_result(__factory(), Self::KEEP)
                }
            }
            ::cells::__private010::register! {
                static __SEARCH = SEARCH;
            }
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
                __search,
            > = ::cells::StaticCell::new();
            #[doc(hidden)]
            struct __search;
            impl ::cells::Declared for __search {
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
                fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                    #[allow(clippy::unnecessary_wraps)]
                    fn __factory() -> fmt::Result {
                        Ok(())
                    }
                    ::cells::__private010::FactoryOutput::into_result(__factory(), Self::KEEP)
                }
            }
            ::cells::__private010::register! {
                static __SEARCH = SEARCH;
            }
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
            #[must_use]
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
            static SEARCH: ::cells::StaticCell<Index, __search> = ::cells::StaticCell::new();
            #[cfg(unix)]
            #[doc(hidden)]
            struct __search;
            #[cfg(unix)]
            #[allow(clippy::pedantic)]
            #[allow(unused)]
            impl ::cells::Declared for __search {
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
                fn build() -> Index {
                    build_search()
                }
            }
            #[cfg(unix)]
            ::cells::__private010::register! {
                #[allow(deprecated)] #[allow(clippy::pedantic)] #[allow(unused)] static __SEARCH =
                SEARCH;
            }
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
            static SEARCH: ::cells::StaticCell<Index, __search> = ::cells::StaticCell::new();
            #[doc(hidden)]
            struct __search;
            impl ::cells::Declared for __search {
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
                fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                    #[allow(clippy::unnecessary_wraps)]
                    fn __factory(store: &Store, shop: Ref<'static, Shop>) -> Result<Index, E> {
                        Index::open(store, shop)
                    }
                    ::cells::__private010::FactoryOutput::into_result(
                        __factory(
                            &*::cells::__private010::lend(::cells::__private010::cell(&STORE))?,
                            ::cells::__private010::leased(
                                ::cells::__private010::lend(
                                    ::cells::__private010::cell(&crate::shops::SHOP),
                                )?,
                            ),
                        ),
                        Self::KEEP,
                    )
                }
            }
            ::cells::__private010::register! {
                static __SEARCH = SEARCH;
            }
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
            static SEARCH: ::cells::StaticCell<Index, __search> = ::cells::StaticCell::new();
            #[doc(hidden)]
            struct __search;
            impl ::cells::Declared for __search {
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
                fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                    ::cells::__private010::FactoryOutput::into_result(
                        build_search(
                            &*::cells::__private010::lend_infallible(
                                ::cells::__private010::cell(&STORE),
                            )?,
                        ),
                        Self::KEEP,
                    )
                }
            }
            ::cells::__private010::register! {
                static __SEARCH = SEARCH;
            }
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
            static POOL: ::cells::AsyncCell<Pool, __pool> = ::cells::AsyncCell::new();
            #[doc(hidden)]
            struct __pool;
            impl ::cells::DeclaredAsync for __pool {
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
                    #[allow(clippy::unnecessary_wraps)]
                    async fn __factory(
                        config: &Config,
                        store: Ref<'static, Store>,
                    ) -> Result<Pool, E> {
                        Pool::open(config).await
                    }
                    ::cells::__private010::FactoryOutput::into_result(
                        __factory(
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
                static __POOL = POOL;
            }
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
            pub static TABLE: ::cells::AsyncCell<Table, __table> = ::cells::AsyncCell::new();
            #[doc(hidden)]
            pub struct __table;
            impl ::cells::DeclaredAsync for __table {
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
                    async fn __factory() -> Table {
                        Table::new()
                    }
                    ::cells::__private010::FactoryOutput::into_result(__factory().await, Self::KEEP)
                }
            }
            ::cells::__private010::register! {
                static __TABLE = TABLE;
            }
        "##]],
    );
}

/// It may become several items there, and some cannot stand in an `impl`.
#[test]
fn a_factory_with_an_attribute_stays_a_function() {
    let item = "#[instrument] fn table() -> Table { Table::new() }";
    let expansion = expansion("", item);
    let build = expansion.split("fn build()").nth(1).unwrap_or_default().replace(char::is_whitespace, "");
    assert!(
        build.starts_with("->Table{#[instrument]fn__factory()->Table{Table::new()}__factory()}"),
        "{expansion}"
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
            pub static TABLE: ::cells::PermanentCell<Table, __table> = ::cells::PermanentCell::new();
            #[doc(hidden)]
            pub struct __table;
            impl ::cells::DeclaredPermanent for __table {
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
                fn build() -> Table {
                    Table::new()
                }
            }
            ::cells::__private010::register! {
                static __TABLE = TABLE;
            }
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
            static SETTINGS: ::cells::PermanentCell<Settings, __settings> = ::cells::PermanentCell::new();
            #[doc(hidden)]
            struct __settings;
            impl ::cells::DeclaredPermanent for __settings {
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
                fn build() -> ::core::result::Result<Self::Payload, ::cells::BoxError> {
                    #[allow(clippy::unnecessary_wraps)]
                    fn __factory(table: &Table) -> Result<Settings, E> {
                        read(table)
                    }
                    ::cells::__private010::FactoryOutput::into_result(
                        __factory(
                            &*::cells::__private010::lend(::cells::__private010::cell(&TABLE))?,
                        ),
                        Self::KEEP,
                    )
                }
            }
            ::cells::__private010::register! {
                static __SETTINGS = SETTINGS;
            }
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
            static POOL: ::cells::AsyncCell<Pool, __pool> = ::cells::AsyncCell::new();
            #[doc(hidden)]
            struct __pool;
            impl ::cells::DeclaredAsync for __pool {
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
                    #[allow(clippy::unnecessary_wraps)]
                    fn __factory(config: &Config, store: Ref<'static, Store>) -> Result<Pool, E> {
                        Pool::open(config)
                    }
                    let factory_leases = (
                        ::cells::__private010::lend_async(::cells::__private010::cell(&CONFIG))
                            .await?,
                        ::cells::__private010::lend_async(::cells::__private010::cell(&STORE)).await?,
                    );
                    ::cells::__private010::FactoryOutput::into_result(
                        ::cells::__private010::blocking(move || __factory(
                                &*factory_leases.0,
                                ::cells::__private010::leased(factory_leases.1),
                            ))
                            .await,
                        Self::KEEP,
                    )
                }
            }
            ::cells::__private010::register! {
                static __POOL = POOL;
            }
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
            static POOL: ::cells::AsyncCell<Pool, __pool> = ::cells::AsyncCell::new();
            #[doc(hidden)]
            struct __pool;
            impl ::cells::DeclaredAsync for __pool {
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
                static __POOL = POOL;
            }
        "##]],
    );
}
