#include "vm/row_writer.h"

namespace perlite::vm {

namespace {

using Kind = RowChange::Kind;

btree::After after(unsigned flags) noexcept {
  return (flags & kKeepPosition) != 0 ? btree::After::Keep : btree::After::Anywhere;
}

// A copy of the record the cursor stands on: the change will overwrite it.
Status copy_record(btree::Cursor& cursor, Vector<std::byte>* out) {
  Vector<std::byte> scratch;
  PL_ASSIGN(const auto bytes, cursor.full_payload(scratch));
  out->assign(bytes.begin(), bytes.end());
  return {};
}

}  // namespace

Status insert_row(Host& host, const RowTarget& target, RowId rowid, base::Bytes record, std::uint32_t zero_tail,
                  unsigned flags) {
  const btree::Payload payload{record, zero_tail};
  if (target.table == nullptr || !host.listening()) [[likely]] {
    return target.cursor.insert_row(rowid.value, payload, after(flags));
  }

  RowChange change{Kind::Insert, target.database, target.table, rowid, rowid, {}, record};
  PendingRow& pending = target.pending;
  Vector<std::byte> zeros;  // listeners see the record whole
  if (zero_tail != 0) {
    zeros.assign(record.begin(), record.end());
    zeros.resize(record.size() + zero_tail);
    change.new_record = zeros;
  }
  if ((flags & kUpdate) != 0) {
    change.kind = Kind::Update;
    if (!pending.present) {
      PL_ASSIGN(const btree::Relation relation, target.cursor.seek_rowid(rowid.value));
      if (relation == btree::Relation::Equal) {
        PL_TRY(copy_record(target.cursor, &pending.record));
        pending.rowid = rowid;
        pending.present = true;
      }
    }
    if (pending.present) {
      change.old_rowid = pending.rowid;
      change.old_record = pending.record;
    }
  }
  PL_TRY(host.row_changing(change));
  PL_TRY(target.cursor.insert_row(rowid.value, payload, after(flags)));
  pending.present = false;
  return host.row_changed(change);
}

Status delete_row(Host& host, const RowTarget& target, unsigned flags) {
  if (target.table == nullptr || !host.listening()) [[likely]]
    return target.cursor.erase(after(flags));

  PendingRow& pending = target.pending;
  PL_TRY(copy_record(target.cursor, &pending.record));
  pending.rowid = RowId(target.cursor.rowid());
  pending.present = true;
  if ((flags & kUpdate) != 0) return target.cursor.erase(after(flags));  // the insert tells

  const RowChange change{Kind::Delete, target.database, target.table, pending.rowid, pending.rowid, pending.record, {}};
  pending.present = false;
  PL_TRY(host.row_changing(change));
  // A listener may have moved the cursor's tree.
  PL_TRY(target.cursor.restore());
  if (!target.cursor.valid()) return {};
  PL_TRY(target.cursor.erase(after(flags)));
  return host.row_changed(change);
}

Status insert_key(Host& host, const RowTarget& target, base::Bytes record, const btree::KeyProbe* probe,
                  unsigned flags) {
  const btree::Payload payload{record, 0};
  const bool at_seek = (flags & kAtSeek) != 0;
  if (target.table == nullptr || !host.listening()) [[likely]] {
    if ((flags & kAppend) != 0) return target.cursor.append_key(payload);
    return target.cursor.insert_key(payload, probe, at_seek, after(flags));
  }

  PendingRow& pending = target.pending;
  RowChange change{Kind::Insert, target.database, target.table, RowId(0), RowId(0), {}, record};
  if ((flags & kUpdate) != 0) {
    change.kind = Kind::Update;
    if (pending.present) change.old_record = pending.record;
  }
  PL_TRY(host.row_changing(change));
  PL_TRY(target.cursor.insert_key(payload, probe, false, after(flags)));
  pending.present = false;
  return host.row_changed(change);
}

Status delete_key(Host& host, const RowTarget& target, unsigned flags) {
  if (target.table == nullptr || !host.listening()) [[likely]]
    return target.cursor.erase(after(flags));

  PendingRow& pending = target.pending;
  PL_TRY(copy_record(target.cursor, &pending.record));
  pending.rowid = RowId(0);
  pending.present = true;
  if ((flags & kUpdate) != 0) return target.cursor.erase(after(flags));

  const RowChange change{Kind::Delete, target.database, target.table, RowId(0), RowId(0), pending.record, {}};
  pending.present = false;
  PL_TRY(host.row_changing(change));
  PL_TRY(target.cursor.restore());
  if (!target.cursor.valid()) return {};
  PL_TRY(target.cursor.erase(after(flags)));
  return host.row_changed(change);
}

}  // namespace perlite::vm
