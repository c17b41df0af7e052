#include "kind.h"

#include "banned.h"

const struct kind *kind_of(const struct kinds *kinds, enum resource_kind kind)
{
    static const struct kind plain;

    return kinds->of[kind] ? kinds->of[kind] : &plain;
}
