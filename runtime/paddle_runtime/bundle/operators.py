"""Which operators a program may be made of. Pure.

Frameworks have operators that write files, read them, print, run code and talk over the network, in one
list with those that add and multiply, and no switch to leave them out. So what is let through is written down
here; how, and what the others were seen to do: docs/decisions/0022-programs-only-compute.md.
"""

from __future__ import annotations

# Of Paddle 3.2, in the names of both forms of a program. Its optimizers, communication, readers and engines
# are left out with all that has a path, an address or code among its attributes. `assert` fails a request.
NAMES = """
    abs abs_coo_sp abs_csr_sp accuracy acos acos_coo_sp acos_csr_sp acosh acosh_coo_sp acosh_csr_sp add
    add_coo_coo_sp add_coo_dense_sp add_csr_csr_sp add_group_norm_silu add_n add_n_array
    add_position_encoding addmm addmm_coo_coo_sp addmm_coo_dense_sp addmm_csr_csr_sp addmm_csr_dense_sp
    affine_channel affine_grid all allclose amax amin anchor_generator angle any apply_per_channel_scale
    arange arg_max arg_min argmax argmin argsort array_length array_pop array_read array_to_tensor
    array_write as_complex as_real as_strided asin asin_coo_sp asin_csr_sp asinh asinh_coo_sp asinh_csr_sp
    assert assign assign_array assign_out assign_pos assign_value atan atan2 atan_coo_sp atan_csr_sp atanh
    atanh_coo_sp atanh_csr_sp attention_lstm auc baddbmm batch_fc batch_norm batch_norm_sp bce_loss
    beam_search beam_search_decode bernoulli bicubic_interp bicubic_interp_v2 bilinear bilinear_interp
    bilinear_interp_v2 bilinear_tensor_product bincount binomial bipartite_match bitwise_and
    bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor blha_get_max_len
    block_multihead_attention bmm box_clip box_coder brelu broadcast_tensors calc_reduced_attn_scores cast
    cast_coo_sp cast_csr_sp ceil celu channel_shuffle cholesky cholesky_solve chunk_eval clip clip_by_norm
    coalesce_sp collect_fpn_proposals complex concat conditional_block conditional_block_infer conj conv2d
    conv2d_transpose conv2d_transpose_bias conv3d conv3d_implicit_gemm_sp conv3d_sp conv3d_transpose
    coo_to_csr_sp coo_to_dense_sp copysign correlation cos cosh create_array create_array_like
    crf_decoding crop crop_tensor cross cross_entropy cross_entropy2 cross_entropy_with_softmax
    csr_to_coo_sp csr_to_dense_sp ctc_align cudnn_lstm cummax cummin cumprod cumsum cvm data
    deformable_conv deformable_conv_v1 dense_to_coo_sp dense_to_csr_sp depend depthwise_conv2d
    depthwise_conv2d_transpose dequantize dequantize_abs_max dequantize_linear dequantize_log det
    determinant diag diag_embed diag_v2 diagonal digamma dirichlet dist distribute_fpn_proposals divide
    divide_coo_coo_sp divide_csr_csr_sp divide_scalar_coo_sp divide_scalar_csr_sp dot dropout
    edit_distance eig eigh eigvals eigvalsh einsum elementwise_add elementwise_div elementwise_floordiv
    elementwise_fmax elementwise_fmin elementwise_heaviside elementwise_max elementwise_min
    elementwise_mod elementwise_mul elementwise_pow elementwise_sub elu embedding
    embedding_with_scaled_gradient empty empty_like equal equal_all erf erfinv exp expand expand_as
    expand_as_v2 expand_modality_expert_id expand_v2 expm1 expm1_coo_sp expm1_csr_sp exponential eye
    fake_channel_wise_dequantize_max_abs fake_channel_wise_quantize_abs_max
    fake_channel_wise_quantize_dequantize_abs_max fake_dequantize_max_abs fake_quantize_abs_max
    fake_quantize_dequantize_abs_max fake_quantize_dequantize_moving_average_abs_max
    fake_quantize_moving_average_abs_max fake_quantize_range_abs_max fc feed fetch fetch_v2 fft_c2c
    fft_c2r fft_r2c fill fill_any fill_any_like fill_constant fill_constant_batch_size_like fill_diagonal
    fill_diagonal_tensor flash_attn flash_attn_qkvpacked flash_attn_unpadded flash_attn_v3
    flash_attn_v3_varlen flash_attn_varlen_qkvpacked flashmask_attention flashmask_attention_v2 flatten
    flatten2 flatten_contiguous_range flip floor floor_divide fmax fmin fold fp8_fp8_half_gemm_fused
    fp8_gemm_blockwise fp8_quant_blockwise fractional_max_pool2d fractional_max_pool3d frame
    frobenius_norm full full_batch_size_like full_int_array full_like full_like_coo_sp full_like_csr_sp
    full_with_tensor fused_act_dequant fused_attention fused_attention_sp fused_batch_norm_act
    fused_bias_act fused_bias_dropout_residual_layer_norm fused_bias_residual_layernorm
    fused_bn_add_activation fused_conv2d fused_conv2d_add_act fused_conv3d fused_dot_product_attention
    fused_dropout_add fused_elementwise_add fused_elementwise_div fused_elementwise_mul
    fused_elementwise_sub fused_elemwise_activation fused_elemwise_add_activation
    fused_embedding_eltwise_layernorm fused_embedding_fc_lstm fused_fc_elementwise_layernorm
    fused_feedforward fused_gate_attention fused_gemm_epilogue fused_matmul fused_multi_transformer
    fused_multi_transformer_int8 fused_partial_rope fused_rms_norm_ext fused_rotary_position_embedding
    fused_scale_bias_add_relu fused_seqpool_cvm fused_softmax_mask fused_softmax_mask_upper_triangle
    fused_stack_quant fused_stack_transpose_quant fused_token_prune fused_transpose
    fused_transpose_split_quant fused_transpose_wlch_split_quant fused_weighted_swiglu_act_quant
    fusion_gru fusion_lstm fusion_repeated_fc_relu fusion_seqconv_eltadd_relu fusion_seqpool_concat
    fusion_seqpool_cvm_concat fusion_squared_mat_sub fusion_transpose_flatten_concat gammaincc gammaln
    gather gather_nd gather_tree gaussian gaussian_inplace gaussian_random gelu gemm_epilogue
    generate_proposals generate_proposals_v2 graph_reindex graph_send_recv graph_send_ue_recv
    graph_send_uv greater_equal greater_than grid_sample grid_sampler group_norm gru gru_unit
    gumbel_softmax hard_shrink hard_sigmoid hard_swish hardshrink hardsigmoid hardswish hardtanh
    has_elements hash heaviside hinge_loss histogram huber_loss i0 i0e i1 i1e if im2sequence imag
    increment index_add index_elementwise_get index_elementwise_put index_elementwise_put_with_tensor
    index_put index_sample index_select index_select_strided indices_sp instance_norm int_bincount inverse
    is_empty isclose isfinite isfinite_v2 isinf isinf_v2 isnan isnan_coo_sp isnan_csr_sp isnan_v2
    kldiv_loss kron kthvalue l1_norm label_smooth layer_norm leaky_relu leaky_relu_coo_sp
    leaky_relu_csr_sp legacy_matmul legacy_reshape lerp less_equal less_than lgamma limit_by_capacity
    linear_interp linear_interp_v2 linspace llm_int8_linear lod_array_length lod_reset log log10 log1p
    log1p_coo_sp log1p_csr_sp log2 log_loss log_softmax logcumsumexp logical_and logical_not logical_or
    logical_xor logit logsigmoid logspace logsumexp lookup_table lookup_table_dequant lookup_table_v2
    lp_pool2d lrn lstm lstsq lu lu_solve lu_unpack margin_cross_entropy mask_as_coo_sp mask_as_csr_sp
    masked_fill masked_matmul_sp masked_multihead_attention masked_select match_matrix_tensor matmul
    matmul_coo_coo_sp matmul_coo_dense_sp matmul_csr_csr_sp matmul_csr_dense_sp matmul_v2
    matmul_with_flatten matrix_nms matrix_power matrix_rank matrix_rank_atol_rtol matrix_rank_tol max
    max_pool2d_v2 max_pool2d_with_index max_pool3d_with_index max_with_index maximum maxout maxpool_sp
    mean mean_all median memcpy memcpy_d2h memcpy_h2d memory_efficient_attention merge_selected_rows
    meshgrid min min_with_index minimum mish mode moe_combine moe_combine_auto moe_combine_no_weight
    moe_gate_dispatch moe_gate_dispatch_and_quant moe_gate_dispatch_auto
    moe_gate_dispatch_partial_nosoftmaxtopk moe_gate_dispatch_permute moe_permute moe_unpermute
    moving_average_abs_max_scale mul multi_dot multi_gru multiclass_nms multiclass_nms3 multihead_matmul
    multinomial multiplex multiply multiply_coo_coo_sp multiply_csr_csr_sp mv mv_coo_sp mv_csr_sp
    nanmedian nearest_interp nearest_interp_v2 nextafter nll_loss nms nonzero nop norm not_equal
    number_count numel one_hot one_hot_v2 ones ones_like overlap_add p_norm pad pad3d partial_concat
    partial_sum pixel_shuffle pixel_unshuffle poisson polygamma pool2d pool3d pow pow_coo_sp pow_csr_sp
    prelu prior_box prod prune_gate_by_capacity psroi_pool put_along_axis pyramid_hash qkv_unpack_mha qr
    quant_linear quantize quantize_linear randint random_routing randperm range range_v2 rank_attention
    read_from_array real reciprocal reduce_all reduce_amax reduce_amin reduce_any reduce_as reduce_max
    reduce_mean reduce_min reduce_prod reduce_sum reindex_graph relu relu6 relu6_coo_sp relu6_csr_sp
    relu_coo_sp relu_csr_sp remainder renorm repeat_interleave repeat_interleave_with_tensor_index
    requantize reshape reshape2 reshape_coo_sp reshape_csr_sp resnet_basic_block resnet_unit
    restrict_nonzero reverse rint rms_norm rnn roi_align roi_pool roll round row_conv rrelu rsqrt scale
    scale_coo_sp scale_csr_sp scatter scatter_nd_add searchsorted seed segment_pool select_input
    select_output self_dp_attention selu send_u_recv send_ue_recv send_uv sequence_conv sequence_expand
    sequence_mask sequence_pool sequence_softmax set_value set_value_with_tensor shape shape64
    shape_broadcast shard_index share_data shuffle_batch shuffle_channel sigmoid
    sigmoid_cross_entropy_with_logits sign silu sin sin_coo_sp sin_csr_sp sinh sinh_coo_sp sinh_csr_sp
    size skip_layernorm slice slice_array slice_array_dense slice_coo_sp slice_csr_sp slogdet
    slogdeterminant soft_relu softmax softmax_coo_sp softmax_csr_sp softmax_with_cross_entropy softplus
    softshrink softsign solve sparse_abs sparse_acos sparse_acosh sparse_add sparse_addmm sparse_asin
    sparse_asinh sparse_atan sparse_atanh sparse_attention sparse_batch_norm sparse_cast sparse_coalesce
    sparse_conv3d sparse_conv3d_implicit_gemm sparse_coo_tensor_sp sparse_divide sparse_divide_scalar
    sparse_expm1 sparse_full_like sparse_fused_attention sparse_indices sparse_isnan sparse_leaky_relu
    sparse_log1p sparse_mask_as sparse_masked_matmul sparse_matmul sparse_maxpool sparse_multiply
    sparse_mv sparse_pow sparse_relu sparse_relu6 sparse_reshape sparse_scale sparse_sin sparse_sinh
    sparse_slice sparse_softmax sparse_sparse_coo_tensor sparse_sqrt sparse_square sparse_subtract
    sparse_sum sparse_sync_batch_norm sparse_tan sparse_tanh sparse_to_dense sparse_to_sparse_coo
    sparse_to_sparse_csr sparse_transpose sparse_values sparse_weight_embedding spectral_norm split
    split_with_num sqrt sqrt_coo_sp sqrt_csr_sp square square_coo_sp square_csr_sp squared_l2_norm squeeze
    squeeze2 squeeze_excitation_block stack standard_gamma stanh stft strided_slice subtract
    subtract_coo_coo_sp subtract_csr_csr_sp sum sum_coo_sp sum_csr_sp svd svdvals swiglu swish
    sync_batch_norm sync_batch_norm_sp take_along_axis tan tan_coo_sp tan_csr_sp tanh tanh_coo_sp
    tanh_csr_sp tanh_shrink temporal_shift tensor_array_to_tensor tensor_to_array thresholded_relu tile
    top_k top_k_v2 top_p_sampling topk trace transpose transpose2 transpose_coo_sp transpose_csr_sp
    triangular_solve tril tril_indices tril_triu trilinear_interp trilinear_interp_v2 triu triu_indices
    trunc truncated_gaussian_random unbind unfold uniform uniform_inplace uniform_random
    uniform_random_batch_size_like uniform_random_inplace unique unique_consecutive unpool unpool3d
    unsqueeze unsqueeze2 unstack values_coo_sp values_csr_sp variable_length_memory_efficient_attention
    variance view_dtype view_slice viterbi_decode warpctc warprnnt weight_dequantize weight_only_linear
    weight_quantize where where_index while write_to_array yolo_box yolo_box_head yolo_box_post yolo_loss
    yolov3_loss zeros zeros_like
"""
PADDLE = frozenset(NAMES.split())
# What holds a program of the new form together.
STRUCTURE = frozenset({"builtin.combine", "builtin.constant", "builtin.slice", "builtin.split", "cf.yield"})
# ONNX's own operators compute, all of them, and so do onnxruntime's but for those that hold or name a program
# of another compiler. A domain that is not here belongs to a library of operators.
ONNX_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
NOT_OF_ONNX = frozenset({("com.microsoft", "EPContext"), ("com.microsoft", "Snpe")})
REMEDY = (
    "programs that are served only compute: they read no files, write none, print nothing and talk to "
    "nobody. Take it out of the layer and export the model again"
)


def paddle_problem(name: str) -> str | None:
    """Why an operator of a Paddle program is refused, or None; what goes on after the file's name."""
    plain = name.removeprefix("pd_op.")
    in_place = plain.removesuffix("_")  # relu_ is relu that writes where it reads
    if plain in PADDLE or in_place in PADDLE or name in STRUCTURE:
        return None
    return f"has the operator {name[:100]!r}: {REMEDY}"


def onnx_problem(domain: str, name: str) -> str | None:
    """The same for ONNX, where an operator's name is one of its domain's."""
    if domain in ONNX_DOMAINS and (domain, name) not in NOT_OF_ONNX:
        return None
    return f"has the operator {name[:100]!r} of {domain[:100]!r}: {REMEDY}"
