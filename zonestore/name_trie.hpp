#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

namespace taproot::zonestore {

/// The path of a name through a NameTrie: its labels from the root side, every octet as one or
/// two symbols of 0 to 47, each label closed by symbol 0 and the whole by another 0. Comparing
/// keys symbol by symbol is the canonical order of RFC 4034 section 6.1.
class TrieKey {
 public:
  static constexpr unsigned end_symbol = 0;

  /// `labels` is a name in wire format without its root label ("" is the top of the trie).
  explicit TrieKey(Octets labels);

  /// Symbols of all labels with their closing 0, without the last one.
  std::size_t size() const { return size_; }
  /// 0 from the end on.
  unsigned at(std::size_t offset) const { return offset < size_ ? symbols_[offset] : end_symbol; }
  /// True if a name that ends at `offset` would be an ancestor of (or equal to) this one.
  bool is_label_start(std::size_t offset) const {
    return offset == 0 || (offset <= size_ && symbols_[offset - 1] == end_symbol);
  }

 private:
  friend std::size_t first_difference(const TrieKey& a, const TrieKey& b);

  std::size_t size_ = 0;
  std::array<std::uint8_t, 512> symbols_;  // only the first size_ are set
};

/// Where two keys differ first, or npos if they are equal.
std::size_t first_difference(const TrieKey& a, const TrieKey& b);
constexpr std::size_t npos = static_cast<std::size_t>(-1);

/// A persistent map from names to leaves: a qp-trie (a crit-bit tree that branches on a bitmap of
/// 48 symbols) whose blocks are shared between all copies that have them in common.
///
///     branch: [ 1 | bitmap of 48 symbols | offset of the symbol ]  ──> block of twigs
///     leaf:   [ 0 ]                                                ──> Leaf
///
/// Copying a trie is one reference count. Changing it copies the blocks on the path that others
/// share, and changes in place what only this trie holds: a first load copies nothing.
/// Any thread may read a trie that no thread changes; counts are atomic, so that versions may be
/// freed on another thread than the one that builds the next.
///
/// `Leaf` is reference counted by itself and offers:
///   Octets labels() const;              its key, a wire name without the root label
///   static void retain(const Leaf*);    one more holder
///   static void release(const Leaf*);   one less; frees itself at none
template <class Leaf>
class NameTrie {
  struct Block;

  /// A pointer to a leaf or to a block of twigs, tagged by the lowest bit of `index`.
  struct Twig {
    std::uint64_t index = 0;
    void* pointer = nullptr;

    bool is_branch() const { return (index & 1) != 0; }
    std::size_t offset() const { return index >> 49; }
    bool has(unsigned symbol) const { return (index >> (symbol + 1) & 1) != 0; }
    unsigned position(unsigned symbol) const {
      const std::uint64_t below = (std::uint64_t{1} << (symbol + 1)) - 2;
      return static_cast<unsigned>(std::popcount(index & below));
    }
    unsigned count() const {
      return static_cast<unsigned>(std::popcount(index & 0x0001'ffff'ffff'fffeULL));
    }
    Block* block() const { return static_cast<Block*>(pointer); }
    const Leaf* leaf() const { return static_cast<const Leaf*>(pointer); }
    Twig& child(unsigned position) const { return block()->twigs()[position]; }

    static std::uint64_t bit(unsigned symbol) { return std::uint64_t{1} << (symbol + 1); }
    static std::uint64_t branch_at(std::size_t offset) {
      return std::uint64_t{1} | static_cast<std::uint64_t>(offset) << 49;
    }
  };

  struct Block {
    std::atomic<std::uint32_t> holders;
    std::uint32_t count;
    Twig* twigs() { return reinterpret_cast<Twig*>(this + 1); }

    static Block* make(unsigned count) {
      void* memory = std::malloc(sizeof(Block) + count * sizeof(Twig));
      if (memory == nullptr) throw std::bad_alloc();
      return new (memory) Block{{1}, count};
    }
  };

 public:
  NameTrie() = default;
  NameTrie(const NameTrie& other) : root_(other.root_), size_(other.size_) { retain(root_); }
  NameTrie(NameTrie&& other) noexcept
      : root_(std::exchange(other.root_, Twig{})), size_(std::exchange(other.size_, 0)) {}
  NameTrie& operator=(NameTrie other) noexcept {
    std::swap(root_, other.root_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~NameTrie() { release(root_); }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  const Leaf* find(const TrieKey& key) const {
    const Twig* twig = &root_;
    while (twig->is_branch()) {
      const unsigned symbol = key.at(twig->offset());
      if (!twig->has(symbol)) return nullptr;
      twig = &twig->child(twig->position(symbol));
    }
    const Leaf* leaf = twig->leaf();
    if (leaf == nullptr || first_difference(key, TrieKey(leaf->labels())) != npos) return nullptr;
    return leaf;
  }

  /// Calls `visit(const Leaf&)` for every leaf whose name is an ancestor of the key's name or
  /// equal to it, from the top down. One descent; allocates nothing.
  template <class Visit>
  void for_each_ancestor(const TrieKey& key, Visit&& visit) const {
    if (root_.pointer == nullptr) return;
    std::array<const Leaf*, 129> candidates;
    std::array<std::size_t, 129> depth;
    std::size_t found = 0;
    const Twig* twig = &root_;
    while (twig->is_branch()) {
      const std::size_t offset = twig->offset();
      const unsigned symbol = key.at(offset);
      if (symbol != TrieKey::end_symbol && twig->has(TrieKey::end_symbol) &&
          key.is_label_start(offset)) {
        const Twig& end = twig->child(0);
        if (!end.is_branch()) {
          candidates[found] = end.leaf();
          depth[found++] = offset;
        }
      }
      twig = &twig->child(twig->has(symbol) ? twig->position(symbol) : 0);
    }
    const TrieKey reached(twig->leaf()->labels());
    const std::size_t same = first_difference(key, reached);
    for (std::size_t i = 0; i < found && depth[i] <= same; ++i) {
      if (candidates[i] != twig->leaf()) visit(*candidates[i]);
    }
    // The leaf itself ends where it differs (an ancestor) or nowhere differs (the name itself).
    if (same == npos || (same == reached.size() && key.is_label_start(same))) visit(*twig->leaf());
  }

  /// True if a name strictly below the key's name is in the trie.
  bool has_descendants(const TrieKey& key) const {
    const Twig* twig = &root_;
    if (twig->pointer == nullptr) return false;
    while (twig->is_branch() && twig->offset() < key.size()) {
      const unsigned symbol = key.at(twig->offset());
      if (!twig->has(symbol)) return false;
      twig = &twig->child(twig->position(symbol));
    }
    const bool several = twig->is_branch();
    const TrieKey reached(first_leaf(*twig)->labels());
    const std::size_t same = first_difference(key, reached);
    if (same == npos) return several;
    return same >= key.size();
  }

  /// Calls `visit(const Leaf&)` for every name strictly below the key's name, in canonical order,
  /// until it returns false; false if it did.
  template <class Visit>
  bool visit_below(const TrieKey& key, Visit&& visit) const {
    const Twig* twig = &root_;
    if (twig->pointer == nullptr) return true;
    while (twig->is_branch() && twig->offset() < key.size()) {
      const unsigned symbol = key.at(twig->offset());
      if (!twig->has(symbol)) return true;
      twig = &twig->child(twig->position(symbol));
    }
    const std::size_t same = first_difference(key, TrieKey(first_leaf(*twig)->labels()));
    if (same != npos && same < key.size()) return true;
    return visit_each(*twig, [&](const Leaf* leaf) {
      return first_difference(key, TrieKey(leaf->labels())) == npos || visit(*leaf);
    });
  }

  /// Puts a leaf (one reference of it becomes the trie's) at its own name, in the place of one
  /// that may be there.
  void put(const Leaf* leaf) {
    const TrieKey key(leaf->labels());
    if (root_.pointer == nullptr) {
      root_ = leaf_twig(leaf);
      size_ = 1;
      return;
    }
    put_at(leaf, key, TrieKey(nearest_leaf(key)->labels()));
  }

  /// Puts a leaf where there is none of its name (its reference becomes the trie's) and returns
  /// null; or changes nothing and returns the leaf that is there.
  const Leaf* put_new(const Leaf* leaf) {
    if (root_.pointer == nullptr) {
      put(leaf);
      return nullptr;
    }
    const TrieKey key(leaf->labels());
    const Leaf* nearest = nearest_leaf(key);
    const TrieKey reached(nearest->labels());
    if (first_difference(key, reached) == npos) return nearest;
    put_at(leaf, key, reached);
    return nullptr;
  }

  /// Takes the leaf at this name out; false if there is none.
  bool erase(const TrieKey& key) {
    if (find(key) == nullptr) return false;
    --size_;
    if (!root_.is_branch()) {
      Leaf::release(root_.leaf());
      root_ = Twig{};
      return true;
    }
    Twig* parent = &root_;
    own(*parent);
    Twig* twig = &parent->child(parent->position(key.at(parent->offset())));
    while (twig->is_branch()) {
      own(*twig);
      parent = twig;
      twig = &parent->child(parent->position(key.at(parent->offset())));
    }
    Leaf::release(twig->leaf());
    shrink(*parent, key.at(parent->offset()));
    return true;
  }

  /// Walks all leaves in canonical order, one at a time. Borrows the trie's leaves: keep a copy
  /// of the trie (or what holds it) alive and do not change it in place meanwhile.
  class Cursor {
   public:
    explicit Cursor(const NameTrie& trie) {
      if (trie.root_.pointer != nullptr) down(&trie.root_);
    }

    /// The leaf it stands at; null at the end.
    const Leaf* leaf() const { return leaf_; }

    void next() {
      while (!path_.empty()) {
        Step& step = path_.back();
        if (++step.position < step.count) {
          prefetch_next(step);
          return down(&step.branch->child(step.position));
        }
        path_.pop_back();
      }
      leaf_ = nullptr;
    }

   private:
    struct Step {
      const Twig* branch;
      unsigned position;
      unsigned count;
    };

    /// The next sibling will be visited soon: a cache miss. More of them at once only wait for each
    /// other.
    static void prefetch_next(const Step& step) {
      if (step.position + 1 < step.count) {
        __builtin_prefetch(step.branch->child(step.position + 1).pointer);
      }
    }

    void down(const Twig* twig) {
      while (twig->is_branch()) {
        path_.push_back({twig, 0, twig->block()->count});
        prefetch_next(path_.back());
        twig = &twig->child(0);
      }
      leaf_ = twig->leaf();
    }

    std::vector<Step> path_;
    const Leaf* leaf_ = nullptr;
  };

  /// Calls `visit(const Leaf* in_a, const Leaf* in_b)` in canonical order for every name whose
  /// leaf is not the very same in both; null where a trie has none. Skips what they share, so two
  /// neighbours cost their differences, not their size.
  template <class Visit>
  static void difference(const NameTrie& a, const NameTrie& b, Visit&& visit) {
    if (a.root_.pointer == nullptr || b.root_.pointer == nullptr) {
      if (a.root_.pointer != nullptr) visit_all(a.root_, [&](const Leaf* l) { visit(l, null()); });
      if (b.root_.pointer != nullptr) visit_all(b.root_, [&](const Leaf* l) { visit(null(), l); });
      return;
    }
    difference(a.root_, b.root_, visit);
  }

  /// Octets of all blocks of twigs (leaves not counted), shared or not. Walks everything.
  std::size_t block_octets() const { return root_.pointer == nullptr ? 0 : block_octets(root_); }

 private:
  static Twig leaf_twig(const Leaf* leaf) { return {0, const_cast<Leaf*>(leaf)}; }

  static void retain(const Twig& twig) {
    if (twig.pointer == nullptr) return;
    if (twig.is_branch()) {
      twig.block()->holders.fetch_add(1, std::memory_order_relaxed);
    } else {
      Leaf::retain(twig.leaf());
    }
  }

  static void release(const Twig& twig) {
    if (twig.pointer == nullptr) return;
    if (!twig.is_branch()) return Leaf::release(twig.leaf());
    if (twig.block()->holders.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    for (unsigned i = 0; i < twig.count(); ++i) release(twig.child(i));
    std::free(twig.block());
  }

  /// Makes the block under a branch this trie's alone, so that it may be changed in place.
  static void own(Twig& twig) {
    Block* shared = twig.block();
    if (shared->holders.load(std::memory_order_acquire) == 1) return;
    Block* copy = Block::make(twig.count());
    std::memcpy(copy->twigs(), shared->twigs(), twig.count() * sizeof(Twig));
    for (unsigned i = 0; i < twig.count(); ++i) retain(copy->twigs()[i]);
    release(twig);
    twig.pointer = copy;
  }

  /// One more twig in an owned or shared branch.
  static void grow(Twig& twig, unsigned symbol, const Leaf* leaf) {
    own(twig);
    const unsigned count = twig.count();
    const unsigned at = twig.position(symbol);
    Block* old = twig.block();
    Block* block = Block::make(count + 1);
    std::memcpy(block->twigs(), old->twigs(), at * sizeof(Twig));
    block->twigs()[at] = leaf_twig(leaf);
    std::memcpy(block->twigs() + at + 1, old->twigs() + at, (count - at) * sizeof(Twig));
    std::free(old);
    twig.index |= Twig::bit(symbol);
    twig.pointer = block;
  }

  /// A new branch in the place of `twig`, holding it and the new leaf.
  static void split(Twig& twig, std::size_t offset, unsigned symbol, unsigned other,
                    const Leaf* leaf) {
    Block* block = Block::make(2);
    block->twigs()[symbol < other ? 0 : 1] = leaf_twig(leaf);
    block->twigs()[symbol < other ? 1 : 0] = twig;
    twig.index = Twig::branch_at(offset) | Twig::bit(symbol) | Twig::bit(other);
    twig.pointer = block;
  }

  /// Takes the twig of `symbol`, whose leaf is released already, out of an owned branch.
  static void shrink(Twig& twig, unsigned symbol) {
    const unsigned count = twig.count();
    const unsigned at = twig.position(symbol);
    Block* old = twig.block();
    if (count == 2) {
      twig = old->twigs()[1 - at];
      std::free(old);
      return;
    }
    Block* block = Block::make(count - 1);
    std::memcpy(block->twigs(), old->twigs(), at * sizeof(Twig));
    std::memcpy(block->twigs() + at, old->twigs() + at + 1, (count - at - 1) * sizeof(Twig));
    std::free(old);
    twig.index &= ~Twig::bit(symbol);
    twig.pointer = block;
  }

  /// `reached` is the key of the leaf nearest to `key`, in a trie that is not empty.
  void put_at(const Leaf* leaf, const TrieKey& key, const TrieKey& reached) {
    const std::size_t differs = first_difference(key, reached);
    Twig* twig = &root_;
    while (twig->is_branch() && (differs == npos || twig->offset() < differs)) {
      own(*twig);
      twig = &twig->child(twig->position(key.at(twig->offset())));
    }
    if (differs == npos) {
      Leaf::release(twig->leaf());
      *twig = leaf_twig(leaf);
      return;
    }
    ++size_;
    if (twig->is_branch() && twig->offset() == differs) {
      grow(*twig, key.at(differs), leaf);
    } else {
      split(*twig, differs, key.at(differs), reached.at(differs), leaf);
    }
  }

  static const Leaf* first_leaf(const Twig& twig) {
    const Twig* step = &twig;
    while (step->is_branch()) step = &step->child(0);
    return step->leaf();
  }

  /// A leaf that has the longest common start with the key that any leaf has.
  const Leaf* nearest_leaf(const TrieKey& key) const {
    const Twig* twig = &root_;
    while (twig->is_branch()) {
      const unsigned symbol = key.at(twig->offset());
      twig = &twig->child(twig->has(symbol) ? twig->position(symbol) : 0);
    }
    return twig->leaf();
  }

  static const Leaf* null() { return nullptr; }

  template <class Visit>
  static void visit_all(const Twig& twig, const Visit& visit) {
    if (!twig.is_branch()) return visit(twig.leaf());
    for (unsigned i = 0; i < twig.count(); ++i) visit_all(twig.child(i), visit);
  }

  template <class Visit>
  static bool visit_each(const Twig& twig, const Visit& visit) {
    if (!twig.is_branch()) return visit(twig.leaf());
    for (unsigned i = 0; i < twig.count(); ++i) {
      if (!visit_each(twig.child(i), visit)) return false;
    }
    return true;
  }

  template <class Visit>
  static void difference(const Twig& a, const Twig& b, const Visit& visit) {
    if (a.pointer == b.pointer) return;
    const TrieKey key_a(first_leaf(a)->labels());
    const TrieKey key_b(first_leaf(b)->labels());
    const std::size_t differs = first_difference(key_a, key_b);
    const std::size_t offset_a = a.is_branch() ? a.offset() : npos;
    const std::size_t offset_b = b.is_branch() ? b.offset() : npos;
    const std::size_t offset = offset_a < offset_b ? offset_a : offset_b;
    if (differs != npos && differs < offset) {  // no name in common: one lies wholly before
      const bool a_first = key_a.at(differs) < key_b.at(differs);
      if (a_first) visit_all(a, [&](const Leaf* leaf) { visit(leaf, null()); });
      visit_all(b, [&](const Leaf* leaf) { visit(null(), leaf); });
      if (!a_first) visit_all(a, [&](const Leaf* leaf) { visit(leaf, null()); });
      return;
    }
    if (offset == npos) return visit(a.leaf(), b.leaf());  // two leaves of one name
    merge(a, key_a, b, key_b, offset, visit);
  }

  /// Goes through the symbols at `offset`, where at least one of both branches; the other one,
  /// if it branches later or not at all, lies wholly under its own symbol there.
  template <class Visit>
  static void merge(const Twig& a, const TrieKey& key_a, const Twig& b, const TrieKey& key_b,
                    std::size_t offset, const Visit& visit) {
    const auto under = [offset](const Twig& twig, const TrieKey& key,
                                unsigned symbol) -> const Twig* {
      if (twig.is_branch() && twig.offset() == offset) {
        return twig.has(symbol) ? &twig.child(twig.position(symbol)) : nullptr;
      }
      return key.at(offset) == symbol ? &twig : nullptr;
    };
    for (unsigned symbol = 0; symbol < 48; ++symbol) {
      const Twig* in_a = under(a, key_a, symbol);
      const Twig* in_b = under(b, key_b, symbol);
      if (in_a != nullptr && in_b != nullptr) {
        difference(*in_a, *in_b, visit);
      } else if (in_a != nullptr) {
        visit_all(*in_a, [&](const Leaf* leaf) { visit(leaf, null()); });
      } else if (in_b != nullptr) {
        visit_all(*in_b, [&](const Leaf* leaf) { visit(null(), leaf); });
      }
    }
  }

  static std::size_t block_octets(const Twig& twig) {
    if (!twig.is_branch()) return 0;
    std::size_t sum = sizeof(Block) + twig.count() * sizeof(Twig);
    for (unsigned i = 0; i < twig.count(); ++i) sum += block_octets(twig.child(i));
    return sum;
  }

  Twig root_;
  std::size_t size_ = 0;
};

}  // namespace taproot::zonestore
