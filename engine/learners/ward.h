#pragma once
#include <Eigen/Dense>
#include <vector>

namespace leafcast {

/// Ward's clustering (J. Am. Stat. Assoc. 58, 1963) of weighted points, by chains of nearest neighbours: from
/// points of their own, the two clusters whose union adds least to the sum of weighted squared distances from
/// the means are united, until `groups` are left. Returns the group of every row, numbered in the order in
/// which they first appear. Time: rows² columns.
std::vector<int> ward_clusters(const Eigen::MatrixXd& rows, const Eigen::VectorXd& weights, int groups);

}  // namespace leafcast
