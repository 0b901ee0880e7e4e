import Attention
import Datasets
import Experiments
import Tasks

extension Schema {
  /// The settings of this program's tasks and mechanisms; mechanisms must be added before it is asked for.
  public static let standard = Schema(
    tasks: TaskSpecification.all, mechanisms: AttentionRegistry.declarations)
}
