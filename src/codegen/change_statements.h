// codegen/change_statements.h: the statements that are not queries, one function a kind. Each writes the body of a
// program between Generator::begin() and Generator::end().
#pragma once

#include "base/status.h"
#include "bind/bound.h"
#include "codegen/generator.h"

namespace perlite::codegen {

Status generate_insert(Generator& g, const bind::Insert& insert);
Status generate_update(Generator& g, const bind::Update& update);
Status generate_delete(Generator& g, const bind::Delete& erase);

Status generate_create_table(Generator& g, const bind::CreateTable& create);
Status generate_create_index(Generator& g, const bind::CreateIndex& create);
Status generate_create_view(Generator& g, const bind::CreateView& create);
Status generate_create_trigger(Generator& g, const bind::CreateTrigger& create);
Status generate_drop(Generator& g, const bind::Drop& drop);
Status generate_reindex(Generator& g, const bind::Reindex& reindex);

// BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE.
Status generate_transaction(Generator& g, const bind::Statement& statement);
// ATTACH, DETACH, VACUUM, ANALYZE.
Status generate_host_statement(Generator& g, const bind::Statement& statement);

// Everything but SELECT and PRAGMA.
Status generate_change(Generator& g, const bind::Statement& statement);

}  // namespace perlite::codegen
