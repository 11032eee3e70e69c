#pragma once
#include "engine/observe/observable.h"

namespace leafcast {

namespace fields {
extern const Field well_formed;  ///< sentences with the marks of the tree
}  // namespace fields

/// Well-formedness of writers of their own structure.
extern const Observable kOwnStructure;

}  // namespace leafcast
