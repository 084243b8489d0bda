# What is written: the programs in it, its headings and its links.

# The blocks of Rust in the crate's front page, its reference and its guide, where those that must not compile count too;
# rustdoc names the tests of the first two after the first.
front_page_blocks() {
    cat README.md cells/src/reference.md cells/src/guide/*.md | grep -cE '^```(rust|compile_fail)'
}

doc_tests() {
    local out=target/ci/tests.out
    [[ -s $out ]] || cargo test --workspace --doc | tee "$out"
    local ran blocks
    ran=$(grep -cE '^test cells/src/(\.\./README\.md|reference\.md|guide/.*\.md|lib\.rs) - (guide[a-z_:]* )?\(line .* ok$' "$out") || true
    blocks=$(front_page_blocks)
    echo "front page: $ran tests passed, $blocks blocks"
    [[ $blocks -gt 0 && $ran -ge $blocks ]]
}

rustdoc_pages() {
    export RUSTDOCFLAGS="-D warnings"
    # Links must lead somewhere with any features, and those of the source's own comments too.
    cargo doc -p runtime-cells --no-deps --no-default-features
    cargo doc -p runtime-cells -p runtime-cells-macros --no-deps --all-features --document-private-items
    # At the end, because these are the pages that the other steps look at.
    cargo doc --workspace --no-deps --all-features
    local headings heading
    headings=$(sed -n 's/^## //p' README.md)
    [[ -n $headings ]]
    while read -r heading; do
        grep -qF "</a>$heading</h" target/doc/cells/index.html || {
            echo "the front page of the documentation has no heading \`$heading\`"
            return 1
        }
    done <<<"$headings"
}

# As docs.rs makes them, where each item says which feature it needs: by a nightly compiler.
docs_rs() {
    has_nightly || skip "it needs a nightly toolchain, and none is installed"
    RUSTDOCFLAGS="--cfg docsrs -D warnings" cargo +nightly doc -p runtime-cells -p runtime-cells-macros --no-deps \
        --all-features --target-dir target/docs_rs
}

# Links within the repository, to headings too, and within what rustdoc makes of the crate: whatever needs no network.
# rustdoc itself checks only the links to items.
links() {
    need lychee
    [[ -d target/doc/cells ]] || rustdoc_pages
    local lychee=(lychee --offline --include-fragments --no-progress) page path
    lychee --version
    # The pages in the library's source link to items: rustdoc makes pages of them.
    git ls-files '*.md' ':!cells/src' | xargs "${lychee[@]}"
    # Links that rustdoc makes by itself: lines of the source, which a script marks, and what it repeats of other crates.
    "${lychee[@]}" --exclude '\.rs\.html#[0-9-]+$' --exclude '/dispatcher#setting-the-default-subscriber$' \
        --exclude '/struct\.SharedError\.html#method\.downcast_ref-1$' 'target/doc/cells/**/*.html'
    # Paths in prose, from the top or from an example's directory.
    git grep -noE '`(\.ci|cells|cells-macros|docs|examples|tests|tools)/[A-Za-z0-9_./-]+`' -- '*.md' |
        while IFS=: read -r page line path; do
            path=${path//\`/}
            [[ -e $path ]] || compgen -G "examples/*/$path" >&2 || echo "$page:$line: there is no $path"
        done | tee target/ci/paths.out
    [[ ! -s target/ci/paths.out ]]
}

part docs
step "doc tests" doc_tests
step "rustdoc" rustdoc_pages
step "docs.rs" docs_rs
step "links" links pypi
