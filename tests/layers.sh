#!/bin/sh
# Every include of src/ goes to the file's own layer or to one that the picture of docs/architecture.md allows.
# Usage: layers.sh SRC; prints each include that climbs and fails if there is one.
cd "$1" || exit 2
find . \( -name '*.h' -o -name '*.cc' -o -name '*.def' -o -name '*.inc' \) -print0 |
  xargs -0 grep -nHE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' |
  awk -F: '
    BEGIN {
      ok["base"]=" "; ok["sql"]=" base "; ok["os"]=" base "; ok["pager"]=" base os "; ok["btree"]=" base os pager "
      ok["record"]=" base os pager btree "; ok["catalog"]=" base sql os pager btree record "
      ok["vm"]=" base os pager btree record catalog "; ok["func"]=" base os record catalog vm "
      ok["bind"]=" base sql record catalog vm func "; ok["plan"]=" base sql record catalog bind "
      ok["codegen"]=" base sql record catalog bind plan vm func "
      ok["engine"]=" base sql os pager btree record catalog vm func bind plan codegen "
      ok["api"]=ok["engine"] "engine "; ok["modules"]=" "; ok["shell"]=" "; ok["replication"]=" "; ok["server"]=" "
      ok["tools"]=" base os pager btree "
    }
    { split($1,p,"/"); from=p[2]; if(!(from in ok)) next
      if (match($0,/"[^"]+"/)) { inc=substr($0,RSTART+1,RLENGTH-2); n=split(inc,q,"/"); if(n<2) next; to=q[1]
        if (to==from || !(to in ok)) next
        if (index(ok[from]," " to " ")==0) { print $1 ":" $2 " includes " inc; bad=1 } } }
    END { exit bad }'
